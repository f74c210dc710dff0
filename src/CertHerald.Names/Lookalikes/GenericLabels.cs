using System.Collections.Frozen;

namespace CertHerald.Names.Lookalikes;

/// <summary>Labels that stand before half of all names and say nothing: set by hosting software, not by people.</summary>
internal static class GenericLabels
{
    private static readonly FrozenSet<ulong> Short = FrozenSet.ToFrozenSet(new[]
    {
        "www", "www1", "www2", "www3", "ww1", "ww2", "ww25", "ww38", "m", "ftp", "smtp", "pop", "pop3", "imap", "ns1", "ns2", "ns3", "mx", "mx1", "mx2", "dev", "test", "stage", "staging", "api", "cdn", "vpn", "cpanel", "whm",
    }.Select(label => Pack(System.Text.Encoding.ASCII.GetBytes(label))));

    /// <summary>Whether a label, in lower case, is one of them.</summary>
    public static bool IsGeneric(ReadOnlySpan<byte> label) => label.Length switch
    {
        <= 8 => Short.Contains(Pack(label)),
        10 => label.SequenceEqual("cpcontacts"u8),
        11 => label.SequenceEqual("cpcalendars"u8),
        12 => label.SequenceEqual("autodiscover"u8),
        _ => false,
    };

    private static ulong Pack(ReadOnlySpan<byte> label)
    {
        ulong packed = 0;
        foreach (byte b in label) packed = packed << 8 | b;
        return packed;
    }
}
