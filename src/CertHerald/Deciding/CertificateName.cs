using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>A DNS name of a certificate, as far as one can say who may issue for it.</summary>
/// <param name="Host">The name; of a wildcard, what stands behind its <c>*.</c></param>
internal readonly record struct CertificateName(string Host, bool IsWildcard)
{
    /// <summary>Null for what no CA may put into a certificate, and could stand for anything.</summary>
    public static CertificateName? Of(Identifier name)
    {
        if (name.Kind != IdentifierKind.Dns) return null;
        bool isWildcard = name.Text.StartsWith("*.", StringComparison.Ordinal);
        string host = isWildcard ? name.Text[2..] : name.Text;
        return host.Length > 0 && host.AsSpan().IndexOfAny('*', '?', '<') < 0 ? new CertificateName(host, isWildcard) : null;
    }

    /// <summary>What stands behind the first label; null behind the last one.</summary>
    public static string? ParentOf(string name) => name.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0 ? name[(dot + 1)..] : null;
}
