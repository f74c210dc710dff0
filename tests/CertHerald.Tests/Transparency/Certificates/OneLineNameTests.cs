using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Names on one line, as OpenSSL's X509_NAME_oneline printed them before version 3.</summary>
public sealed class OneLineNameTests
{
    private static readonly string[] Types =
    [
        "2.5.4.3", "2.5.4.4", "2.5.4.5", "2.5.4.6", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.10", "2.5.4.11", "2.5.4.12", "2.5.4.13", "2.5.4.15", "2.5.4.16", "2.5.4.17", "2.5.4.18",
        "2.5.4.20", "2.5.4.41", "2.5.4.42", "2.5.4.43", "2.5.4.44", "2.5.4.45", "2.5.4.46", "2.5.4.65", "2.5.4.97", "1.2.840.113549.1.9.1", "1.2.840.113549.1.9.2",
        "1.3.6.1.4.1.311.60.2.1.1", "1.3.6.1.4.1.311.60.2.1.2", "1.3.6.1.4.1.311.60.2.1.3", "0.9.2342.19200300.100.1.25", "0.9.2342.19200300.100.1.1", "2.999.7",
    ];

    [Fact]
    public void The_documented_issuer_is_written_as_documented()
    {
        Assert.True(CertificateView.TryRead(GoldenCertificate.Der, out CertificateView view));
        Assert.Equal("/C=GB/ST=Greater Manchester/L=Salford/O=Sectigo Limited/CN=Sectigo RSA Domain Validation Secure Server CA", DistinguishedName.FormatOneLine(view.Issuer));
    }

    [Fact]
    public void Nothing_is_escaped_but_bytes_that_are_not_printable()
    {
        Assert.Equal(@"/O=A/B+C,D=""E""\/CN=\xC3\xA4\x0A\x7F~ ", DistinguishedName.FormatOneLine(NameOf(("2.5.4.10", "A/B+C,D=\"E\"\\"), ("2.5.4.3", "ä\n\u007f~ "))));
        Assert.Equal("", DistinguishedName.FormatOneLine([]));
        Assert.Equal("", DistinguishedName.FormatOneLine([0x30, 0x80, 0xff, 0x00]));
    }

    [Fact]
    public void What_was_written_in_the_other_form_gives_the_same_line()
    {
        string[] values = ["Some CA", " #edges ", "#", "A/B+C,D=\"E\"\\;<>", "ä\n\u007f~", "a, CN=b", "", "\\0A"];
        byte[] name = NameOf([.. Types.SelectMany(type => values.Select(value => (type, value)))]);
        Assert.Equal(DistinguishedName.FormatOneLine(name), DistinguishedName.ToOneLine(DistinguishedName.Format(name)));

        Assert.Equal("", DistinguishedName.ToOneLine(""));
        foreach (string odd in (string[])["CN", "=", "CN=", "CN=\\", "CN=\\4", "CN=#", "CN=#0", "CN=#0c05", "1.=x", "9.9.9=x", "1.2=x,", "1.99999999999999999999=x", ",,++==", "é=é"])
            Assert.DoesNotContain(DistinguishedName.ToOneLine(odd), c => c is < ' ' or > '~' and not 'é');
    }

    [Fact]
    public async Task OpenSSL_names_the_same_types()
    {
        string openssl = Tool.Find("openssl");
        byte[] name = NameOf([.. Types.Select((type, i) => (type, Some.Numbered("välue ", i)))]);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(name), key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));

        Ended ended = (await Tool.RunAsync(openssl, Path.GetTempPath(), ["x509", "-noout", "-subject", "-nameopt", "compat"], Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()))).With(0);

        Assert.Equal(ended.Output.Trim()["subject=".Length..], DistinguishedName.FormatOneLine(name));
    }

    private static byte[] NameOf(params (string Type, string Value)[] attributes)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            foreach ((string type, string value) in attributes)
                using (writer.PushSetOf())
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(type);
                    writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
                }
        return writer.Encode();
    }
}
