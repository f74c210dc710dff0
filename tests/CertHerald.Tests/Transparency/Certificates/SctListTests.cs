using System.Globalization;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Merkle;
using static CertHerald.Tests.Transparency.Certificates.OddCertificate;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Embedded SCTs. RFC 6962 §3.2 and §3.3.</summary>
public sealed class SctListTests
{
    private static readonly byte[] Sct = [0, .. Enumerable.Repeat((byte)7, 32), 0, 0, 1, 0x96, 0, 0, 0, 1, 0, 0, 4, 3, 0, 1, 0xAA];

    [Fact]
    public void Number_order_logs_times_and_extensions_of_real_SCTs_are_those_found_independently()
    {
        Dictionary<string, byte[]> certificates = SharedData.JsonLines("sct", "certificates.jsonl.gz")
            .ToDictionary(j => j.GetProperty("sha256").GetString()!, j => j.GetProperty("der").GetBytesFromBase64());
        var expected = SharedData.Lines("sct", "sct_verification.tsv").Skip(1).Select(l => l.Split('\t')).ToLookup(f => f[0]);

        foreach (IGrouping<string, string[]> rows in expected)
        {
            CertificateView.TryRead(certificates[rows.Key], out CertificateView view);
            var found = new List<string>();
            SctList scts = view.Scts;
            while (scts.MoveNext())
            {
                SerializedSct sct = scts.Current;
                Assert.True(sct.IsReadable);
                found.Add($"{found.Count} {sct.LogId} {sct.TimestampMilliseconds} {Convert.ToHexStringLower(sct.Extensions)}");
                Assert.Equal(sct.Extensions.IsEmpty, sct.LeafIndex is null);
            }
            Assert.True(scts.IsWellFormed);
            Assert.Equal(rows.OrderBy(f => int.Parse(f[2], CultureInfo.InvariantCulture)).Select(f => $"{f[2]} {f[3]} {f[5]} {f[6]}"), found);
        }
        Assert.Equal(556, expected.Sum(rows => rows.Count()));
    }

    [Fact]
    public void Rule_1_7_An_SCT_is_taken_apart()
    {
        byte[] encoded = [.. Sct[..41], 0, 8, 0, 0, 5, 1, 0, 0, 0, 2, .. Sct[43..]];

        var sct = new SerializedSct(encoded);

        Assert.True(sct.IsReadable);
        Assert.Equal(0, sct.Version);
        Assert.Equal(Enumerable.Repeat((byte)7, 32), sct.LogId.Value.ToArray());
        Assert.Equal(0x0000019600000001UL, sct.TimestampMilliseconds);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(0x0000019600000001), sct.Timestamp);
        Assert.Equal([0, 0, 5, 1, 0, 0, 0, 2], sct.Extensions.ToArray());
        Assert.Equal(new EntryIndex(0x01_0000_0002), sct.LeafIndex);
        Assert.Equal([4, 3, 0, 1, 0xAA], sct.DigitallySigned.ToArray());
    }

    [Fact]
    public void An_SCT_of_another_version_or_cut_short_is_counted_but_not_read()
    {
        byte[] other = [1, .. Sct[1..]];
        byte[] list = ListOf(other, Sct[..20], [], Sct);
        var scts = new SctList(list);
        var readable = new List<bool>();
        while (scts.MoveNext()) readable.Add(scts.Current.IsReadable);

        Assert.Equal([false, false, false, true], readable);
        Assert.True(scts.IsWellFormed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    public void Rule_1_7_A_list_cut_short_shows_the_SCTs_before_the_cut(int missing)
    {
        byte[] list = ListOf(Sct, Sct);
        var scts = new SctList(list.AsSpan(0, list.Length - missing));
        int count = 0;
        while (scts.MoveNext()) count++;

        Assert.Equal(missing == 0 ? 2 : 1, count);
        Assert.Equal(missing == 0, scts.IsWellFormed);
    }

    [Fact]
    public void Rule_1_7_A_certificate_without_the_extension_has_none()
    {
        CertificateView.TryRead(new OddCertificate().Der, out CertificateView without);
        CertificateView.TryRead(new OddCertificate { Extensions = [Extension(SctListOid, Value(0x04, ListOf(Sct)))] }.Der, out CertificateView with);
        CertificateView.TryRead(new OddCertificate { Extensions = [Extension(SctListOid, [1, 2])] }.Der, out CertificateView garbage);

        Assert.Equal(0, without.Scts.Count());
        Assert.Equal(1, with.Scts.Count());
        Assert.Equal(0, garbage.Scts.Count());
    }

    private static byte[] ListOf(params byte[][] scts)
    {
        byte[] all = [.. scts.SelectMany(s => (byte[])[(byte)(s.Length >> 8), (byte)s.Length, .. s])];
        return [(byte)(all.Length >> 8), (byte)all.Length, .. all];
    }
}
