namespace CertHerald.Names.Lookalikes;

/// <summary>What the names of one certificate imitate of one protected domain.</summary>
/// <param name="Domain">One event for each.</param>
/// <param name="Names">The offending names, each once, in ordinal order; wildcards keep their <c>*.</c>.</param>
public sealed record LookalikeEvent(ProtectedDomain Domain, IReadOnlyList<OffendingName> Names)
{
    /// <summary>Of the strongest name.</summary>
    public int Score => Names.Max(name => name.Judged.Score);
}

/// <summary>A name and what was judged of it.</summary>
/// <param name="Name">As the certificate holds it, in lower case, bytes outside ASCII as Latin-1.</param>
public sealed record OffendingName(string Name, Lookalike Judged);
