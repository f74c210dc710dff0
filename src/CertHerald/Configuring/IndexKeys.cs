using CertHerald.Inspecting;

namespace CertHerald.Configuring;

/// <summary>Reads the keys that begin with <c>index</c>.</summary>
internal static class IndexKeys
{
    private const string Watched = "watched", All = "all";

    public static IndexOptions Read(ConfigurationSection root)
    {
        var options = new IndexOptions();
        string scope = root.Text("index") ?? Watched;
        if (scope is not (Watched or All)) root.Mistake("index", $"\"{scope}\" is neither \"{Watched}\" nor \"{All}\"", $"write \"{Watched}\", or \"{All}\" to index every certificate that is read");
        options = options with { TakesAll = scope == All, KeepsDer = root.Flag("index_der") ?? options.KeepsDer };
        if (root.Duration("index_retention") is { } retention)
        {
            // A log may show a certificate a day after its precertificate.
            if (retention < TimeSpan.FromDays(1)) root.Mistake("index_retention", "is too short: a certificate would be gone before its precertificate is completed", "write 1d or more");
            else options = options with { Retention = retention };
        }
        return options;
    }
}
