using System.Reflection;

namespace Godwit.Cli;

internal static class Version
{
    public static string Number => typeof(Version).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    public static string Line => "godwit " + Number;
}
