using System.Globalization;
using System.Text;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>RFC 5280 §4.2.1.13 and §5, read from what OpenSSL writes.</summary>
public sealed class RevocationListTests
{
    [Fact]
    public async Task What_openssl_revokes_is_read_with_serial_number_time_and_reason_and_its_signature_is_checked()
    {
        using OpenSslCa ca = await OpenSslCa.CreateAsync("URI:http://crl.example/a.crl"), other = await OpenSslCa.CreateAsync("URI:http://crl.example/a.crl");
        byte[] first = await ca.IssueAsync("first.example"), second = await ca.IssueAsync("second.example");
        await ca.RevokeAsync("first.example", "keyCompromise");
        await ca.RevokeAsync("second.example");
        byte[] der = await ca.ListAsync(extensions: "issuingDistributionPoint = critical,@where\n[where]\nfullname = URI:http://crl.example/a.crl\nonlyuser = TRUE");

        Assert.True(RevocationListView.TryRead(der, out RevocationListView list));
        Assert.Equal("O=Some CA, CN=Some CA 1", DistinguishedName.Format(list.Issuer));
        Assert.Equal(("2026-03-01", "2026-03-08"), (Day(list.ThisUpdate), Day(list.NextUpdate)));
        Assert.True(list.IsSignedBy(SpkiOf(ca.Certificate)));
        Assert.False(list.IsSignedBy(SpkiOf(other.Certificate)), "the same name, another key");
        byte[] odd = SpkiOf(ca.Certificate);
        odd[odd.AsSpan().IndexOf(Convert.FromHexString("2A8648CE3D030107")) + 7] = 0x63;
        Assert.False(list.IsSignedBy(odd), "a curve that nobody knows");
        RevocationScope scope = list.Scope();
        Assert.Equal(["http://crl.example/a.crl"], scope.Uris!);
        Assert.Equal((true, false, false, false, false), (scope.IsWithoutAuthorities, scope.IsOfAuthoritiesOnly, scope.IsIndirect, scope.IsDelta, scope.HasUnknownPart));

        var found = new List<(string Serial, int Reason, bool IsDated)>();
        RevokedEntries entries = list.Entries;
        while (entries.MoveNext()) found.Add((Hex(entries.Current.Serial), entries.Current.Reason, entries.Current.RevokedAt is not null));
        Assert.False(entries.IsBroken);
        Assert.Equal([(SerialOf(first), 1, true), (SerialOf(second), 0, true)], found);
        Assert.StartsWith("80", found[0].Serial, StringComparison.Ordinal);

        // One bit anywhere in what is signed.
        byte[] forged = [.. der];
        forged[^80] ^= 1;
        Assert.False(RevocationListView.TryRead(forged, out RevocationListView changed) && changed.IsSignedBy(SpkiOf(ca.Certificate)));
    }

    [Fact]
    public async Task Distribution_points_are_read_with_every_address_and_what_limits_them()
    {
        using OpenSslCa ca = await OpenSslCa.CreateAsync("URI:http://crl.example/a.crl");
        byte[] several = await ca.IssueAsync("several.example", "ldap,web,reasons,indirect\n[ldap]\nfullname = URI:ldap://dir.example/cn=x\n[web]\nfullname = URI:http://crl.example/a.crl,URI:https://crl.example/b.crl\n[reasons]\nfullname = URI:http://crl.example/some.crl\nreasons = keyCompromise\n[indirect]\nfullname = URI:http://crl.example/other.crl\nCRLissuer = dirName:who\n[who]\nCN = Another");
        byte[] none = await ca.IssueAsync("none.example", "");

        IReadOnlyList<CrlDistributionPoint> points = PointsOf(several);
        Assert.Equal(["ldap://dir.example/cn=x", "http://crl.example/a.crl https://crl.example/b.crl", "http://crl.example/some.crl", "http://crl.example/other.crl"], points.Select(point => string.Join(' ', point.Uris)));
        Assert.Equal([(false, false), (false, false), (true, false), (false, true)], points.Select(point => (point.HasReasons, point.HasOtherIssuer)));
        Assert.Empty(PointsOf(none));
    }

    [Fact]
    public async Task A_list_that_is_cut_anywhere_is_none_and_no_bytes_make_the_reader_throw()
    {
        using OpenSslCa ca = await OpenSslCa.CreateAsync("URI:http://crl.example/a.crl");
        await ca.IssueAsync("first.example");
        await ca.RevokeAsync("first.example", "keyCompromise");
        byte[] der = await ca.ListAsync();

        for (int length = 0; length < der.Length; length++) Assert.False(RevocationListView.TryRead(der.AsSpan(0, length), out _), $"{length} bytes of {der.Length}");
        var random = new Random(5280);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] odd = [.. der];
            for (int n = random.Next(1, 6); n > 0; n--) odd[random.Next(odd.Length)] = (byte)random.Next(256);
            if (!RevocationListView.TryRead(odd, out RevocationListView list)) continue;
            _ = (list.ThisUpdate, list.NextUpdate, list.Scope());
            foreach (RevokedEntry entry in list.Entries) _ = (entry.RevokedAt, entry.Reason, entry.HasUnknownPart);
        }
        Assert.False(RevocationListView.TryRead(ca.Certificate, out _), "a certificate is no list");
    }

    [Theory]
    [InlineData("00", "00")]
    [InlineData("0001", "01")]
    [InlineData("0080", "0080")]
    [InlineData("000000FF", "00FF")]
    [InlineData("FFFF80", "80")]
    [InlineData("", "")]
    public void Spellings_of_one_serial_number_are_one(string written, string canonical) =>
        Assert.Equal(canonical, Convert.ToHexString(CertificateRevocation.Canonical(Convert.FromHexString(written))));

    private static string? Day(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Hex(ReadOnlySpan<byte> serial) => Convert.ToHexString(CertificateRevocation.Canonical(serial)).TrimStart('0');

    private static string SerialOf(byte[] certificate) => CertificateView.TryRead(certificate, out CertificateView view) ? Hex(view.Serial) : "";

    private static byte[] SpkiOf(byte[] certificate) => CertificateView.TryRead(certificate, out CertificateView view) ? view.Spki.ToArray() : [];

    private static IReadOnlyList<CrlDistributionPoint> PointsOf(byte[] certificate) => CertificateView.TryRead(certificate, out CertificateView view) ? CertificateRevocation.PointsOf(view) : [];
}
