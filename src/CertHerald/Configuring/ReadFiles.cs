namespace CertHerald.Configuring;

/// <summary>The files that a configuration is read from, as they stood before they were read.</summary>
internal sealed class ReadFiles
{
    public FileStamps Stamps { get; private set; } = FileStamps.None;

    /// <summary>Call before reading them: a change meanwhile then shows.</summary>
    public void Add(params IEnumerable<string> patterns) => Stamps = Stamps.With(patterns);
}
