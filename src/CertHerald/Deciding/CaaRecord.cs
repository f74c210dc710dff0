namespace CertHerald.Deciding;

/// <summary>A CAA record. RFC 8659 §4.1.</summary>
/// <param name="Tag">In lower case: tags are compared without regard to it.</param>
/// <param name="Value">As it was served. Foreign text, in ASCII.</param>
internal sealed record CaaRecord(byte Flags, string Tag, string Value)
{
    public const string Issue = "issue", IssueWild = "issuewild";

    /// <summary>Who does not know the tag must not issue.</summary>
    public bool IsCritical => (Flags & 0x80) != 0;

    /// <summary>
    /// The CA that an <c>issue</c> or <c>issuewild</c> value names, in lower case; empty if it names none, which lets nobody issue, and
    /// so does a value that does not follow the grammar. Its parameters bind the CA, and change nothing of who it is. RFC 8659 §4.2.
    /// </summary>
    public string IssuerDomain
    {
        get
        {
            string[] parts = Value.Split(';');
            string domain = parts[0].Trim(' ', '\t');
            return IsDomain(domain) && parts.Skip(1).All(IsParameters) ? domain.ToLowerInvariant() : "";
        }
    }

    /// <summary>As zone files write it.</summary>
    public override string ToString() => $"{Flags} {Tag} \"{Value}\"";

    private static bool IsDomain(string domain) => domain.Length is > 0 and <= 253 && domain.Split('.').All(IsLabel);

    // label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT))
    private static bool IsLabel(string label) =>
        label.Length > 0 && label.All(one => char.IsAsciiLetterOrDigit(one) || one == '-') && label[0] != '-' && label[^1] != '-';

    // parameter = tag "=" value; several between two semicolons are no grammar, and nothing at all is: "ca.example;".
    private static bool IsParameters(string text)
    {
        string parameter = text.Trim(' ', '\t');
        if (parameter.Length == 0) return true;
        int equals = parameter.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !IsLabel(parameter[..equals].TrimEnd(' ', '\t'))) return false;
        return parameter[(equals + 1)..].TrimStart(' ', '\t').All(one => one is > ' ' and <= '~');
    }
}
