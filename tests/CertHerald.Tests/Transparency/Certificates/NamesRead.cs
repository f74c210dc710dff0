using System.Net;
using System.Text;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>What a walk over a certificate's names gives, in a form that tests can compare.</summary>
internal sealed record NamesRead(bool IsRead, List<string> CommonNames, List<string> DnsNames, List<string> IpAddresses, CertificateFlaws Flaws)
{
    public IEnumerable<string> All => [.. CommonNames, .. DnsNames, .. IpAddresses];

    public static NamesRead From(byte[] der)
    {
        bool isRead = CertificateView.TryRead(der, out CertificateView view);
        return From(isRead, view);
    }

    public static NamesRead FromTbs(byte[] tbs)
    {
        bool isRead = CertificateView.TryReadTbs(tbs, out CertificateView view);
        return From(isRead, view);
    }

    private static NamesRead From(bool isRead, CertificateView view)
    {
        var read = new NamesRead(isRead, [], [], [], CertificateFlaws.None);
        using NameEnumerator names = view.Names;
        while (names.MoveNext())
        {
            RawName name = names.Current;
            if (name.Source == RawNameSource.IpAddress) read.IpAddresses.Add(new IPAddress(name.Value).ToString());
            else if (name.Source == RawNameSource.DnsName) read.DnsNames.Add(TextOf(name.Value));
            else read.CommonNames.Add(TextOf(name.Value));
        }
        return read with { Flaws = names.Flaws };
    }

    private static string TextOf(ReadOnlySpan<byte> value) =>
        System.Text.Unicode.Utf8.IsValid(value) ? Encoding.UTF8.GetString(value) : Encoding.Latin1.GetString(value);
}
