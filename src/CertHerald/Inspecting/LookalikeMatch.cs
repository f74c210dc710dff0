namespace CertHerald.Inspecting;

/// <summary>What the names of one certificate, below one registrable domain, imitate of one protected domain.</summary>
/// <param name="Owner">Who protects it; <c>""</c> is whoever runs the service.</param>
/// <param name="Domain">The protected domain.</param>
/// <param name="Registrable">The domain that somebody registered.</param>
/// <param name="Names">The offending names, the strongest first; at most <see cref="MostNames"/>.</param>
internal sealed record LookalikeMatch(string Owner, string Domain, string Registrable, IReadOnlyList<LookalikeName> Names)
{
    /// <summary>Of ten thousand names that imitate one domain the last ones tell nobody more.</summary>
    public const int MostNames = 1_000;
}

/// <summary>A name that passes itself off as another.</summary>
/// <param name="Name">As the certificate holds it, in lower case; a wildcard keeps its <c>*.</c>.</param>
/// <param name="Score">1–100.</param>
/// <param name="Class">On the wire, such as <c>idn_homograph</c>.</param>
/// <param name="Reasons">Sentences for people.</param>
internal sealed record LookalikeName(string Name, int Score, string Class, IReadOnlyList<string> Reasons);
