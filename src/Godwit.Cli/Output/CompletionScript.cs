using System.CommandLine;
using System.Text;

namespace Godwit.Cli.Output;

/// <summary>Completion scripts, written once from the command tree: a TAB starts no process.</summary>
internal static class CompletionScript
{
    public static string For(string shell, Command root)
    {
        var commands = CommandModel.Of(root).ToList();
        var options = commands.SelectMany(c => c.Options).GroupBy(o => o.Name).Select(g => g.First()).Where(CommandModel.TakesValue).ToList();
        return shell switch
        {
            "bash" => Bash(commands, options),
            "zsh" => Zsh(commands, options),
            "fish" => Fish(commands),
            _ => Pwsh(commands, options),
        };
    }

    private static string Words(CommandModel command) => string.Join(' ', command.Subcommands.Select(c => c.Name)
        .Concat(command.Command.Arguments.SelectMany(CommandModel.Values)).Concat(command.AllOptions.SelectMany(CommandModel.Names)));

    private static string Bash(List<CommandModel> commands, List<Option> options)
    {
        var script = new StringBuilder("# bash completion for godwit: eval \"$(godwit completion bash)\"\n_godwit() {\n");
        script.Append("  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= word words=\n");
        script.Append("  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"$path $word\" in\n");
        script.Append($"      {string.Join('|', commands.Where(c => c.Path.Length > 0).Select(c => $"' {c.Path}'"))}) path=\"$path $word\" ;;\n    esac\n  done\n");
        script.Append("  case $prev in\n");
        foreach (var option in options.Where(o => CommandModel.Values(o).Any()))
            script.Append($"    {string.Join('|', CommandModel.Names(option))}) COMPREPLY=($(compgen -W '{string.Join(' ', CommandModel.Values(option))}' -- \"$cur\")); return ;;\n");
        script.Append($"    {string.Join('|', options.Where(o => !CommandModel.Values(o).Any()).SelectMany(CommandModel.Names))}) COMPREPLY=(); return ;;\n  esac\n  case $path in\n");
        foreach (var command in commands)
            script.Append($"    '{(command.Path.Length == 0 ? "" : " " + command.Path)}') words='{Words(command)}' ;;\n");
        // Without a match bash completes file names, for SOURCE and for options that take a file.
        return script.Append("  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o bashdefault -o default -F _godwit godwit ./godwit\n").ToString();
    }

    private static string Zsh(List<CommandModel> commands, List<Option> options)
    {
        var script = new StringBuilder("#compdef godwit\n# zsh completion for godwit: source <(godwit completion zsh)\n_godwit() {\n  local where= word\n  local -a items\n");
        script.Append("  for word in ${words[2,CURRENT-1]}; do\n    case \"$where $word\" in\n");
        script.Append($"      {string.Join('|', commands.Where(c => c.Path.Length > 0).Select(c => $"' {c.Path}'"))}) where=\"$where $word\" ;;\n    esac\n  done\n");
        script.Append("  case ${words[CURRENT-1]} in\n");
        foreach (var option in options.Where(o => CommandModel.Values(o).Any()))
            script.Append($"    {string.Join('|', CommandModel.Names(option))}) compadd -- {string.Join(' ', CommandModel.Values(option))}; return ;;\n");
        script.Append($"    {string.Join('|', options.Where(o => !CommandModel.Values(o).Any()).SelectMany(CommandModel.Names))}) _files; return ;;\n  esac\n  case $where in\n");
        foreach (var command in commands)
        {
            var items = command.Subcommands.Select(c => (c.Name, c.Description)).Concat(command.Command.Arguments.SelectMany(CommandModel.Values).Select(v => (v, (string?)"")))
                .Concat(command.AllOptions.SelectMany(o => CommandModel.Names(o).Select(n => (n, o.Description))));
            script.Append($"    '{(command.Path.Length == 0 ? "" : " " + command.Path)}') items=({string.Join(' ', items.Select(i => Quote($"{i.Item1}:{i.Item2}")))}) ;;\n");
        }
        return script.Append("  esac\n  _describe godwit items\n  _files\n}\ncompdef _godwit godwit ./godwit\n").ToString();
    }

    private static string Fish(List<CommandModel> commands)
    {
        var script = new StringBuilder("# fish completion for godwit: godwit completion fish | source\n");
        foreach (var command in commands)
        {
            var names = command.Path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var condition = names.Length == 0 ? "__fish_use_subcommand"
                : string.Join("; and ", names.Select(n => $"__fish_seen_subcommand_from {n}"));
            if (names.Length > 0 && command.Subcommands.Any()) condition += $"; and not __fish_seen_subcommand_from {string.Join(' ', command.Subcommands.Select(c => c.Name))}";
            foreach (var child in command.Subcommands)
                script.Append($"complete -c godwit -n '{condition}' -f -a {child.Name} -d {Quote(child.Description ?? "")}\n");
            foreach (var value in command.Command.Arguments.SelectMany(CommandModel.Values))
                script.Append($"complete -c godwit -n '{condition}' -f -a {value}\n");
            foreach (var option in command.Options)
            {
                var values = CommandModel.Values(option).ToList();
                var value = !CommandModel.TakesValue(option) ? "" : values.Count > 0 ? $" -x -a {Quote(string.Join(' ', values))}" : " -r";
                var spelling = string.Concat(CommandModel.Names(option).Select(n => n.StartsWith("--", StringComparison.Ordinal) ? $" -l {n[2..]}" : $" -s {n[1..]}"));
                // The options of godwit itself are those of every command.
                var where = names.Length == 0 ? "" : $" -n '{condition}'";
                script.Append($"complete -c godwit{where}{spelling}{value} -d {Quote(option.Description ?? "")}\n");
            }
        }
        return script.ToString();
    }

    private static string Pwsh(List<CommandModel> commands, List<Option> options)
    {
        var script = new StringBuilder("# PowerShell completion for godwit: godwit completion pwsh | Out-String | Invoke-Expression\n");
        script.Append("Register-ArgumentCompleter -Native -CommandName godwit -ScriptBlock {\n  param($wordToComplete, $commandAst, $cursorPosition)\n  $commands = @{\n");
        foreach (var command in commands) script.Append($"    '{command.Path}' = '{Words(command)}'\n");
        script.Append("  }\n  $values = @{\n");
        foreach (var option in options.Where(o => CommandModel.Values(o).Any()))
            foreach (var name in CommandModel.Names(option).Where(n => n.StartsWith("--", StringComparison.Ordinal)))
                script.Append($"    '{name}' = '{string.Join(' ', CommandModel.Values(option))}'\n");
        return script.Append("""
              }
              $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
              if ($wordToComplete -ne '' -and $words.Count -gt 0) { $words = @($words | Select-Object -SkipLast 1) }
              $path = ''
              foreach ($word in $words) {
                $longer = "$path $word".Trim()
                if ($commands.ContainsKey($longer)) { $path = $longer }
              }
              $last = if ($words.Count -gt 0) { $words[-1] } else { '' }
              $candidates = if ($values.ContainsKey($last)) { $values[$last] } else { $commands[$path] }
              $candidates -split ' ' | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }

            """).ToString();
    }

    /// <summary>A word for bash, zsh and fish.</summary>
    private static string Quote(string text) => "'" + text.Replace("'", "’", StringComparison.Ordinal) + "'";
}
