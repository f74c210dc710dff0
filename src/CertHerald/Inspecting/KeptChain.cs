using CertHerald.Transparency.Entries;

namespace CertHerald.Inspecting;

/// <summary>What is kept of a certificate's chain: its issuer's certificate and those above, until one is too much.</summary>
internal sealed class KeptChain
{
    /// <summary>Real chains have two to four.</summary>
    public const int MostCertificates = 10;

    /// <summary>Of all certificates of a chain.</summary>
    public const int MostBytes = 64 << 10;

    private readonly List<byte[]> _certificates = [];
    private int _bytes;

    /// <summary>As far as it is kept, DER.</summary>
    public IReadOnlyList<byte[]> Certificates => _certificates.ToArray();

    /// <summary>The chain that stands in an entry.</summary>
    public static IReadOnlyList<byte[]> Of(CertificateChain chain)
    {
        if (chain.IsEmpty) return [];
        var kept = new KeptChain();
        while (chain.MoveNext() && kept.Takes(chain.Current.Length)) kept.Add(chain.Current.ToArray());
        return kept.Certificates;
    }

    /// <summary>Adds the next certificate, unless it is too much: then the chain ends before it.</summary>
    public bool TryAdd(byte[] certificate)
    {
        if (!Takes(certificate.Length)) return false;
        Add(certificate);
        return true;
    }

    private bool Takes(int length) => length > 0 && _certificates.Count < MostCertificates && length <= MostBytes - _bytes;

    private void Add(byte[] certificate)
    {
        _certificates.Add(certificate);
        _bytes += certificate.Length;
    }
}
