using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Dialects;

/// <summary>The certificate on Cert Spotter's page about the "Unknown Certificate" webhook, for tests of webhooks in every dialect that tells of certificates.</summary>
internal static class SampleIssuance
{
    private const string Certificate =
        "MIIGXjCCBUagAwIBAgIRANGDUcOJZoJp7S72GasnH94wDQYJKoZIhvcNAQELBQAwgY8xCzAJBgNVBAYTAkdCMRswGQYDVQQIExJHcmVhdGVyIE1hbmNoZXN0" +
        "ZXIxEDAOBgNVBAcTB1NhbGZvcmQxGDAWBgNVBAoTD1NlY3RpZ28gTGltaXRlZDE3MDUGA1UEAxMuU2VjdGlnbyBSU0EgRG9tYWluIFZhbGlkYXRpb24gU2Vj" +
        "dXJlIFNlcnZlciBDQTAeFw0yMTA3MTMwMDAwMDBaFw0yMjA4MTIyMzU5NTlaMB8xHTAbBgNVBAMTFHBhY2thZ2VzLm9wc21hdGUuY29tMIIBIjANBgkqhkiG" +
        "9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5MjDQGnSRX2f9TtFOpKmBcQ1MvILhs6nkXffzXI3+UXMhb080wSiC1MDiijbb6SzfBje4B1h6mvlQ/bF1vHtMU8uKcM+" +
        "bRKyqZafFIU88BM/5E7DpanHxoY6xqLCy++CcFnrrO2LlTsZUS1a7BNGpPZMJ1DFcLpx5hM+7yN3YgLX/zfUlCQJMWSyF/8KiGb4k20nTsbFOQ2XeTl2TLYL" +
        "JgdT/qg0+XZG0lQuonmTtQMHb7ATF954lmKzS7rDcEid3qSMOKuvuAZFZ2ePuOHpARJRXSadLukJWsu0HVIansrfsTvgyrAsgMMRJ+J7VE8Y7AKcLy7HVsoE" +
        "UOci9QL72QIDAQABo4IDIjCCAx4wHwYDVR0jBBgwFoAUjYxexFStiuF36Zv5mwXhuAGNYeEwHQYDVR0OBBYEFCzmCVy1ii/T4zO5knL81LasE9VfMA4GA1Ud" +
        "DwEB/wQEAwIFoDAMBgNVHRMBAf8EAjAAMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEFBQcDAjBJBgNVHSAEQjBAMDQGCysGAQQBsjEBAgIHMCUwIwYIKwYB" +
        "BQUHAgEWF2h0dHBzOi8vc2VjdGlnby5jb20vQ1BTMAgGBmeBDAECATCBhAYIKwYBBQUHAQEEeDB2ME8GCCsGAQUFBzAChkNodHRwOi8vY3J0LnNlY3RpZ28u" +
        "Y29tL1NlY3RpZ29SU0FEb21haW5WYWxpZGF0aW9uU2VjdXJlU2VydmVyQ0EuY3J0MCMGCCsGAQUFBzABhhdodHRwOi8vb2NzcC5zZWN0aWdvLmNvbTCCAX4G" +
        "CisGAQQB1nkCBAIEggFuBIIBagFoAHUARqVV63X6kSAwtaKJafTzfREsQXS+/Um4havy/HD+bUcAAAF6nTpW0gAABAMARjBEAiBBm259M/bSxzUdZntxGnkI" +
        "xAPSAR6u2kcYETRDfr+3AQIgTnDf3mb3Sz5tAP0DcvKOizw9QDWlxsXg/eT5KcgwEF4AdgBByMqx3yJGShDGoToJQodeTjGLGwPr60vHaPCQYpYG9gAAAXqd" +
        "OlafAAAEAwBHMEUCIQDz2y3DIa4emvSPHUdeyAvcLAtLdIA2/mpukhjwpPS6EgIgEnMoL73FXMSnGfmeUJmnvGsOFar4pIlqAY47jqrpmokAdwApeb7wnjk5" +
        "IfBWc59jpXflvld9nGAK+PlNXSZcJV3HhAAAAXqdOlZ7AAAEAwBIMEYCIQCLNO4Zhvbi7v15NrTVzdq1xW5WBTAK33ekUCe0oceAlQIhAJYCELC2EfGAFDnb" +
        "KBxF4a9Lv/nwtKb+UPRtUjg3pXH8MEsGA1UdEQREMEKCFHBhY2thZ2VzLm9wc21hdGUuY29tghRwYWNrYWdlcy5zc2xtYXRlLmNvbYIUc29mdHdhcmUuc3Ns" +
        "bWF0ZS5jb20wDQYJKoZIhvcNAQELBQADggEBAHVML6LJMhRzXcMIWxx9PHZoRe4dTZQdGBFHWCIlnrFNumIRCJPFly8V7PxqKrQxWy+Y7+mBQKN3Pzme8RwG" +
        "8x1TQTOKBP3iRLsf0Qp2FvJfqd78LSSX2ZH0Zl1FKbJb/0U/Y8MjeGbGFdeZCr1/uOvUAJFtIlgNyS9u4iqN5bGihh0alsdX/Hsp5YQEStm6C+iSJm7CTVJq" +
        "suuoD8gHJJJzk0HK0gCmM08wNVWvi3uCS2I3sSeLQ/UTMBzqRlKRB6XSRj2ELKZ4iCkbC5rzpb0cu47lO2umr/M6u/mm6cJUYUZnw8Y5kFB/X2s+wlDN2hFz" +
        "GCAV9BkTIRtdH899XKk=";

    public static Issuance Of(DateTimeOffset discovered) => new(
        2715166372,
        new CertificateFacts
        {
            TbsSha256 = "4dc65f49ec2b0f1b7120207000d8ed3dd94465e89dfe9210715ddc82a8ff4f18",
            CertSha256 = "69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43",
            CertDer = Convert.FromBase64String(Certificate),
            IsPrecertificate = false,
            DnsNames = ["packages.opsmate.com", "packages.sslmate.com", "software.sslmate.com"],
            IpAddresses = [],
            PubkeySha256 = "36487345ef0c9a7aa10047ab32d64c1617f85163120e7d07187aa443729eebb4",
            IssuerPubkeySha256 = "e1ae9c3de848ece1ba72e0d991ae4d0d9ec547c6bad1dddab9d6beb0a7e0e0d8",
            IssuerName = "C=GB, ST=Greater Manchester, L=Salford, O=Sectigo Limited, CN=Sectigo RSA Domain Validation Secure Server CA",
            IssuerOrganization = "Sectigo Limited",
            IssuerCommonName = "Sectigo RSA Domain Validation Secure Server CA",
            SubjectName = "CN=packages.opsmate.com",
            Serial = "00d18351c389668269ed2ef619ab271fde",
            NotBefore = new DateTimeOffset(2021, 7, 13, 0, 0, 0, TimeSpan.Zero),
            NotAfter = new DateTimeOffset(2022, 8, 12, 23, 59, 59, TimeSpan.Zero),
            Problems = [],
        },
        [new WatchedEndpoint("packages.sslmate.com", ".sslmate.com", Wildcard: false), new WatchedEndpoint("software.sslmate.com", ".sslmate.com", Wildcard: false)],
        Known: false,
        "an example",
        discovered);
}
