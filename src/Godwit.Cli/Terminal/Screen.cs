using Godwit.Cli.Commands;
using Spectre.Console;

namespace Godwit.Cli.Terminal;

/// <summary>The two streams as a person sees them. Drawing is set up only when something is drawn.</summary>
internal sealed class Screen(Shell shell, GlobalOptions global)
{
    private IAnsiConsole? _out;
    private IAnsiConsole? _error;

    /// <summary>Tables are sized to 80..200 columns; without a terminal to 100, or what COLUMNS says.</summary>
    public int Width => Math.Clamp(shell.Columns ?? (int.TryParse(shell.Environment.GetValueOrDefault("COLUMNS"), out var columns) ? columns : 100), 80, 200);

    public IAnsiConsole Out => _out ??= Create(shell.Out, shell.OutIsTerminal);

    public IAnsiConsole Error => _error ??= Create(shell.Error, shell.ErrorIsTerminal);

    private bool IsDumb => shell.Environment.GetValueOrDefault("TERM") is null or "" or "dumb";

    private bool Colour => !global.NoColor && string.IsNullOrEmpty(shell.Environment.GetValueOrDefault("NO_COLOR")) && !IsDumb;

    /// <summary>Progress is drawn in place: on a terminal, where nothing else writes to it.</summary>
    public bool IsLive => shell.ErrorIsTerminal && !IsDumb && !global.Quiet && !global.Verbose;

    private IAnsiConsole Create(TextWriter writer, bool terminal)
    {
        var ansi = terminal && !IsDumb;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = ansi ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ansi && Colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = Width;
        console.Profile.Capabilities.Unicode = true;
        console.Profile.Capabilities.Links = false;
        return console;
    }
}
