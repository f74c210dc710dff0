using System.Globalization;
using CertHerald.Transparency.Certificates;
using static CertHerald.Tests.Transparency.Certificates.OddCertificate;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Dates as the field writes them: the date is read if there is one.</summary>
public sealed class CertificateTimeTests
{
    [Theory]
    [InlineData(0x17, "260102030405Z", "2026-01-02T03:04:05", true)]
    [InlineData(0x17, "500102030405Z", "1950-01-02T03:04:05", true)]
    [InlineData(0x17, "491231235959Z", "2049-12-31T23:59:59", true)]
    [InlineData(0x18, "20500102030405Z", "2050-01-02T03:04:05", true)]
    [InlineData(0x18, "99991231235959Z", "9999-12-31T23:59:59", true)]
    [InlineData(0x17, "2601020304Z", "2026-01-02T03:04:00", false)]
    [InlineData(0x18, "202601020304Z", "2026-01-02T03:04:00", false)]
    [InlineData(0x18, "2026010203Z", "2026-01-02T03:00:00", false)]
    [InlineData(0x18, "20260102", "2026-01-02T00:00:00", false)]
    [InlineData(0x18, "20260102030405.678Z", "2026-01-02T03:04:05", false)]
    [InlineData(0x18, "20260102030405,6Z", "2026-01-02T03:04:05", false)]
    [InlineData(0x18, "20260102030405.6+0200", "2026-01-02T01:04:05", false)]
    [InlineData(0x17, "260102030405+0200", "2026-01-02T01:04:05", false)]
    [InlineData(0x17, "260102030405-0130", "2026-01-02T04:34:05", false)]
    [InlineData(0x17, "260102030405+xx", "2026-01-02T03:04:05", false)]
    [InlineData(0x17, "260102030405", "2026-01-02T03:04:05", false)]
    [InlineData(0x17, "260102250461Z", "2026-01-02T00:04:00", false)]
    [InlineData(0x17, "20260102030405Z", "2026-01-02T03:04:05", false)]
    [InlineData(0x18, "260102030405Z", "2026-01-02T03:04:05", false)]
    [InlineData(0x0C, "260102030405Z", "2026-01-02T03:04:05", false)]
    [InlineData(0x18, "00010101000000+0100", null, false)]
    [InlineData(0x18, "99991231235959-0100", null, false)]
    [InlineData(0x17, "260229000000Z", null, false)]
    [InlineData(0x17, "261301000000Z", null, false)]
    [InlineData(0x18, "00000101000000Z", null, false)]
    [InlineData(0x17, "26010", null, false)]
    [InlineData(0x17, "yesterday", null, false)]
    [InlineData(0x17, "", null, false)]
    public void A_date_is_read_if_there_is_one_and_an_odd_one_is_noted(byte tag, string text, string? expected, bool isProper)
    {
        byte[] der = new OddCertificate { Validity = Sequence(Value(tag, text), Value(tag, text)) }.Der;
        CertificateView.TryRead(der, out CertificateView view);

        Assert.Equal(expected, view.NotBefore?.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
        Assert.Equal(view.NotBefore, view.NotAfter);
        Assert.Equal(isProper ? 0 : 2, view.Problems().Count(p => p.Flaw == CertificateFlaws.OddTime));
        Assert.Equal(CertificateFlaws.None, view.Flaws);
    }
}
