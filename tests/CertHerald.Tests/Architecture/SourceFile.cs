using System.Text.RegularExpressions;

namespace CertHerald.Tests.Architecture;

/// <summary>A file of this repository, as written.</summary>
internal sealed partial record SourceFile(string Path, string Text)
{
    /// <summary>Where the solution lies.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder right below its project; empty for a file of the project itself.</summary>
    public string Folder => Path.Split('/') is [_, _, var folder, _, ..] ? folder : "";

    public int Lines => Text.Count(c => c == '\n');

    /// <summary>Folders of the program that it names, in a using or written out.</summary>
    public IEnumerable<string> UsedFolders => Used().Matches(Text).Select(match => match.Groups[1].Value + match.Groups[2].Value).Where(Flow.Contains).Distinct();

    /// <summary>The program's folders from people to logs: a folder may use those behind it. architecture.md §7.</summary>
    public static IReadOnlyList<string> Flow { get; } =
        ["Cli", "Configuring", "WebConsole", "Dialects", "Api", "Access", "Delivering", "Following", "Resolving", "Protecting", "Storage", "Deciding", "Inspecting", "Fetching"];

    /// <summary>C# and Razor files below a folder, without what the build makes.</summary>
    public static IReadOnlyList<SourceFile> All(string below) =>
    [
        .. from path in Directory.EnumerateFiles(System.IO.Path.Combine(Root, below), "*.*", SearchOption.AllDirectories)
            where path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".razor", StringComparison.Ordinal)
            let name = System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/')
            where !name.Contains("/obj/", StringComparison.Ordinal) && !name.Contains("/bin/", StringComparison.Ordinal)
            orderby name
            select new SourceFile(name, File.ReadAllText(path)),
    ];

    private static string FindRoot()
    {
        DirectoryInfo at = new(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(at.FullName, "CertHerald.slnx"))) at = at.Parent!;
        return at.FullName;
    }

    // With CertHerald before it, or without, as code within the program may write it.
    [GeneratedRegex(@"(?<!namespace )\bCertHerald\.([A-Z][A-Za-z]+)\b|(?<![\w.\x22/])([A-Z][A-Za-z]+)\.[A-Z]")]
    private static partial Regex Used();
}
