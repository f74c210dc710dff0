namespace CertHerald.Deciding;

/// <summary>A CA of the table.</summary>
/// <param name="Id">As in IssuerKeys.txt.</param>
/// <param name="Organizations">What its CA certificates write as organisation.</param>
internal sealed record IssuerRow(string Id, IReadOnlyList<string> Organizations, IssuerFacts Facts);

/// <summary>
/// The CAs that issue almost all certificates of the public web. CAA domains as the CAs disclose them to the Common CA
/// Database; where we know no address for reports for certain, the text leads to the CA's site rather than to a wrong one.
/// </summary>
internal static class IssuerTable
{
    // Word for word, with its odd bullets, as receivers of the original's webhook have always got it.
    private const string SectigoReporting =
        "To revoke one or more certificates issued by Sectigo for which you (i) are the Subscriber or (ii) control the domain or (iii) have in your possession the private key, you may use our automated Revocation Portal here:\n" +
        " ?? https://secure.sectigo.com/products/RevocationPortal\n" +
        "\n" +
        "To programatically revoke one or more certificates issued by Sectigo for which you have in your possession the private key, you may use the ACME revokeCert method at this endpoint:\n" +
        " ?? ACME Directory: https://acme.sectigo.com/v2/keyCompromise\n" +
        " ?? revokeCert API: https://acme.sectigo.com/v2/keyCompromise/revokeCert\n" +
        "\n" +
        "To report any other abuse, fraudulent, or malicious use of Certificates issued by Sectigo, please send email to:\n" +
        " ?? For Code Signing Certificates: signedmalwarealert[at]sectigo[dot]com\n" +
        " ?? For Other Certificates (SSL/TLS, S/MIME, etc): sslabuse[at]sectigo[dot]com";

    private const string DigiCertReporting =
        "To report a certificate of DigiCert, use the form at https://problemreport.digicert.com/ or send email to revoke@digicert.com.";

    private static readonly string[] SectigoCaa = ["sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"];

    private static readonly (string, string) Sectigo = ("Sectigo", "https://sectigo.com/");

    public static IReadOnlyList<IssuerRow> All { get; } =
    [
        new("letsencrypt", ["Let's Encrypt", "Internet Security Research Group"], new()
        {
            FriendlyName = "Let's Encrypt", Website = "https://letsencrypt.org/", CaaDomains = ["letsencrypt.org"],
            Operator = ("Internet Security Research Group", "https://www.abetterinternet.org/"),
            ProblemReporting =
                "If you control the domain or hold the certificate's private key, you can revoke the certificate yourself, with any ACME client: https://letsencrypt.org/docs/revoking/\n" +
                "\n" +
                "To report any other problem with a certificate of Let's Encrypt, send email to cert-prob-reports@letsencrypt.org.",
        }),
        new("google", ["Google Trust Services", "Google Trust Services LLC", "Google Inc"], new()
        {
            FriendlyName = "Google Trust Services", Website = "https://pki.goog/", CaaDomains = ["pki.goog"],
            ProblemReporting = "To report a certificate of Google Trust Services, see https://pki.goog/ or send email to contact@pki.goog.",
        }),
        new("sectigo", ["Sectigo Limited", "Sectigo (Europe) SL", "COMODO CA Limited", "The USERTRUST Network"], new()
        {
            FriendlyName = "Sectigo", Website = "https://sectigo.com/", CaaDomains = SectigoCaa, ProblemReporting = SectigoReporting,
        }),
        new("zerossl", ["ZeroSSL"], new()
        {
            FriendlyName = "ZeroSSL", Website = "https://zerossl.com/", CaaDomains = SectigoCaa, Operator = Sectigo, ProblemReporting = SectigoReporting,
        }),
        new("cpanel", ["cPanel, Inc.", "cPanel, LLC"], new()
        {
            FriendlyName = "cPanel", Website = "https://cpanel.net/", CaaDomains = SectigoCaa, Operator = Sectigo, ProblemReporting = SectigoReporting,
        }),
        new("digicert", ["DigiCert, Inc.", "DigiCert Inc", "DigiCert Inc.", "DigiCert Ireland Limited"], new()
        {
            FriendlyName = "DigiCert", Website = "https://www.digicert.com/",
            CaaDomains =
            [
                "digicert.com", "www.digicert.com", "digicert.ne.jp", "digitalcertvalidation.com", "1and1.digitalcertvalidation.com",
                "intermediatecertificate.digitalcertvalidation.com", "stratossl.digitalcertvalidation.com", "volusion.digitalcertvalidation.com",
                "quovadisglobal.com", "rapidssl.com", "thawte.com", "amazonaws.com", "amazontrust.com", "awstrust.com",
            ],
            ProblemReporting = DigiCertReporting,
        }),
        new("quovadis", ["QuoVadis Limited", "QuoVadis Trustlink B.V.", "QuoVadis Trustlink Schweiz AG"], new()
        {
            FriendlyName = "QuoVadis", Website = "https://www.quovadisglobal.com/", CaaDomains = ["quovadisglobal.com"],
            Operator = ("DigiCert", "https://www.digicert.com/"), ProblemReporting = DigiCertReporting,
        }),
        new("amazon", ["Amazon"], new()
        {
            FriendlyName = "Amazon", Website = "https://www.amazontrust.com/",
            CaaDomains = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com", "aws.amazon.com", "amazonaws.eu", "amazontrustservices.eu", "amznts.eu"],
            Operator = ("Amazon Trust Services", "https://www.amazontrust.com/"),
            ProblemReporting = ReportAt("https://www.amazontrust.com/"),
        }),
        new("globalsign", ["GlobalSign nv-sa", "GlobalSign"], new()
        {
            FriendlyName = "GlobalSign", Website = "https://www.globalsign.com/", CaaDomains = ["globalsign.com"],
            ProblemReporting = "To report a certificate of GlobalSign, see https://www.globalsign.com/en/report-abuse or send email to report-abuse@globalsign.com.",
        }),
        new("godaddy", ["GoDaddy.com, Inc.", "The Go Daddy Group, Inc."], new()
        {
            FriendlyName = "GoDaddy", Website = "https://www.godaddy.com/", CaaDomains = ["godaddy.com", "starfieldtech.com"],
            ProblemReporting = "To report a certificate of GoDaddy or Starfield, send email to practices@starfieldtech.com.",
        }),
        new("starfield", ["Starfield Technologies, Inc."], new()
        {
            FriendlyName = "Starfield", Website = "https://www.starfieldtech.com/", CaaDomains = ["starfieldtech.com", "godaddy.com"],
            Operator = ("GoDaddy", "https://www.godaddy.com/"),
            ProblemReporting = "To report a certificate of GoDaddy or Starfield, send email to practices@starfieldtech.com.",
        }),
        new("sslcom", ["SSL Corporation", "SSL Corp"], new()
        {
            FriendlyName = "SSL.com", Website = "https://www.ssl.com/", CaaDomains = ["ssl.com"],
            ProblemReporting = "To report or revoke a certificate of SSL.com, see https://www.ssl.com/revoke/ or send email to support@ssl.com.",
        }),
        new("entrust", ["Entrust, Inc.", "Entrust Limited", "Entrust"], new()
        {
            FriendlyName = "Entrust", Website = "https://www.entrust.com/", CaaDomains = ["entrust.net"],
            ProblemReporting = "To report a certificate of Entrust, send email to ecs.support@entrust.com.",
        }),
        new("certum", ["Asseco Data Systems S.A.", "Unizeto Technologies S.A.", "Unizeto Sp. z o.o."], new()
        {
            FriendlyName = "Certum", Website = "https://www.certum.eu/", CaaDomains = ["certum.pl", "certum.eu"],
            Operator = ("Asseco Data Systems S.A.", "https://www.assecods.pl/"), ProblemReporting = ReportAt("https://www.certum.eu/"),
        }),
        new("actalis", ["Actalis S.p.A.", "Actalis S.p.A./03358520967"], new()
        {
            FriendlyName = "Actalis", Website = "https://www.actalis.com/", CaaDomains = ["actalis.it"],
            ProblemReporting = "To report a certificate of Actalis, send email to cert-problem@actalis.it.",
        }),
        new("buypass", ["Buypass AS-983163327"], new()
        {
            FriendlyName = "Buypass", Website = "https://www.buypass.com/", CaaDomains = ["buypass.com", "buypass.no"],
            ProblemReporting = ReportAt("https://www.buypass.com/"),
        }),
        new("microsoft", ["Microsoft Corporation"], new()
        {
            FriendlyName = "Microsoft", Website = "https://www.microsoft.com/pkiops/docs/repository.htm", CaaDomains = ["microsoft.com"],
            ProblemReporting = "To report a certificate of Microsoft, send email to centralpki@microsoft.com.",
        }),
        new("apple", ["Apple Inc."], new()
        {
            FriendlyName = "Apple", Website = "https://www.apple.com/certificateauthority/", CaaDomains = ["pki.apple.com"],
            ProblemReporting = ReportAt("https://www.apple.com/certificateauthority/"),
        }),
        new("identrust", ["IdenTrust"], new()
        {
            FriendlyName = "IdenTrust", Website = "https://www.identrust.com/", CaaDomains = ["identrust.com", "www.identrust.com"],
            ProblemReporting = ReportAt("https://www.identrust.com/"),
        }),
        new("trustasia", ["TrustAsia Technologies, Inc."], new()
        {
            FriendlyName = "TrustAsia", Website = "https://www.trustasia.com/", CaaDomains = ["trustasia.com"],
            ProblemReporting = ReportAt("https://www.trustasia.com/"),
        }),

        // Signed by DigiCert until 2024, by SSL.com since: which CAA names hold depends on the year.
        new("cloudflare", ["Cloudflare, Inc.", "CLOUDFLARE, INC.", "CloudFlare, Inc."], new()
        {
            FriendlyName = "Cloudflare", Website = "https://www.cloudflare.com/",
            ProblemReporting = "To report a certificate of Cloudflare, use the form at https://abuse.cloudflare.com/.",
        }),
        new("telekom", ["Deutsche Telekom Security GmbH", "T-Systems International GmbH", "T-Systems Enterprise Services GmbH"], new()
        {
            FriendlyName = "Telekom Security", Website = "https://www.telesec.de/", CaaDomains = ["telesec.de", "dfn.de", "pki.dfn.de"],
            ProblemReporting = ReportAt("https://www.telesec.de/"),
        }),
        new("dtrust", ["D-Trust GmbH"], new()
        {
            FriendlyName = "D-Trust", Website = "https://www.d-trust.net/", CaaDomains = ["d-trust.net", "d-trust.de", "dtrust.de"],
            Operator = ("Bundesdruckerei", "https://www.bundesdruckerei.de/"), ProblemReporting = ReportAt("https://www.d-trust.net/"),
        }),
        new("harica", ["Hellenic Academic and Research Institutions CA", "Hellenic Academic and Research Institutions Cert. Authority"], new()
        {
            FriendlyName = "HARICA", Website = "https://www.harica.gr/", CaaDomains = ["harica.gr"],
            ProblemReporting = "To report a certificate of HARICA, send email to cert-problem-report@harica.gr.",
        }),
        new("swisssign", ["SwissSign AG"], new()
        {
            FriendlyName = "SwissSign", Website = "https://www.swisssign.com/", CaaDomains = ["swisssign.com"],
            ProblemReporting = ReportAt("https://www.swisssign.com/"),
        }),
        new("wisekey", ["WISeKey", "OISTE Foundation"], new()
        {
            FriendlyName = "WISeKey", Website = "https://www.wisekey.com/", CaaDomains = ["wisekey.com", "hightrusted.com", "certifyid.com", "oiste.org"],
            Operator = ("OISTE Foundation", "https://www.oiste.org/"), ProblemReporting = ReportAt("https://www.wisekey.com/"),
        }),
    ];

    private static string ReportAt(string website) => $"To report a certificate of this CA, use the contact it names on its site: {website}";
}
