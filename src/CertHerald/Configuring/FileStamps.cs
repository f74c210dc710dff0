using System.Globalization;
using System.Text;

namespace CertHerald.Configuring;

/// <summary>
/// How files stand, by time, length and rights: equal if nothing has changed. Looked at instead of asking the system to tell:
/// editors replace files, and network disks tell nothing. Taken before the files are read, so that a change meanwhile shows.
/// </summary>
internal sealed record FileStamps
{
    private readonly IReadOnlyList<string> _patterns;
    private readonly string _state;

    private FileStamps(IReadOnlyList<string> patterns, string state) => (_patterns, _state) = (patterns, state);

    public static FileStamps None { get; } = new([], "");

    /// <summary>Adds files as they stand now. A name may be a pattern, for all files that it fits (<c>./known/*.csr</c>).</summary>
    public FileStamps With(params IEnumerable<string> patterns)
    {
        List<string> more = [.. patterns];
        return new FileStamps([.. _patterns, .. more], _state + StateOf(more));
    }

    /// <summary>The same files as they stand now.</summary>
    public FileStamps Again() => new(_patterns, StateOf(_patterns));

    public bool Equals(FileStamps? other) => other is not null && _state == other._state;

    public override int GetHashCode() => _state.GetHashCode(StringComparison.Ordinal);

    private static string StateOf(IEnumerable<string> patterns)
    {
        var state = new StringBuilder();
        foreach (string pattern in patterns)
        {
            try
            {
                foreach (string name in NamesOf(pattern))
                {
                    var file = new FileInfo(name);
                    // Where a link leads is what is read: its own time says nothing.
                    if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
                    if (file.Exists) state.Append(CultureInfo.InvariantCulture, $"{file.FullName}|{file.LastWriteTimeUtc.Ticks}|{file.Length}|{(int)file.UnixFileMode}\n");
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // Whoever reads it says why it cannot be read. Here it stands as if it were not there.
            }
        }
        return state.ToString();
    }

    private static IEnumerable<string> NamesOf(string pattern) =>
        KnownFolder.FolderOf(pattern) is { } all ? KnownFolder.FilesOf(all)
            : pattern.AsSpan().ContainsAny('*', '?') ? Directory.GetFiles(Path.GetDirectoryName(pattern) is { Length: > 0 } folder ? folder : ".", Path.GetFileName(pattern)).Order(StringComparer.Ordinal)
            : [pattern];
}
