namespace Godwit.Writer;

/// <summary>An application in a process of its own: writes as many statements as each line of its input says, and answers each line.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var writer = new RandomWriter(args[0], int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));
        while (await Console.In.ReadLineAsync() is { } line)
        {
            writer.Write(int.Parse(line, System.Globalization.CultureInfo.InvariantCulture));
            await Console.Out.WriteLineAsync(writer.Refused ? "refused" : "written");
        }
        return 0;
    }
}
