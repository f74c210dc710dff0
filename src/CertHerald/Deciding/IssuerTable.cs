using System.Collections.Frozen;

namespace CertHerald.Deciding;

/// <summary>A CA of the table.</summary>
/// <param name="Id">As in IssuerKeys.txt.</param>
/// <param name="Owner">Who answers for it, by the name that the CCADB gives its owner.</param>
/// <param name="Organizations">What its CA certificates write as organisation.</param>
internal sealed record IssuerRow(string Id, string Owner, IReadOnlyList<string> Organizations, IssuerFacts Facts)
{
    /// <summary>Whether an owner, under whatever name a report has it, is this row's.</summary>
    public bool IsOf(string owner) =>
        Same(Owner, owner) || Same(Facts.FriendlyName, owner) || Organizations.Any(name => Same(name, owner));

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}

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

    private const string SectigoOwner = "Sectigo", DigiCertOwner = "DigiCert", CertumOwner = "Asseco Data Systems S.A. (previously Unizeto Certum)";

    private static readonly string[] SectigoCaa = ["sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"];

    private static readonly string[] DigiCertCaa =
    [
        "digicert.com", "www.digicert.com", "digicert.ne.jp", "digitalcertvalidation.com", "1and1.digitalcertvalidation.com",
        "intermediatecertificate.digitalcertvalidation.com", "stratossl.digitalcertvalidation.com", "volusion.digitalcertvalidation.com",
        "quovadisglobal.com", "rapidssl.com", "thawte.com", "amazonaws.com", "amazontrust.com", "awstrust.com",
    ];

    private static readonly string[] CertumCaa = ["certum.pl", "certum.eu"];

    private static readonly (string Name, string Website) Sectigo = ("Sectigo", "https://sectigo.com/"),
        DigiCert = ("DigiCert", "https://www.digicert.com/"),
        Certum = ("Certum", "https://www.certum.eu/"),
        Secom = ("SECOM Trust Systems", "https://www.secomtrust.net/");

    public static IReadOnlyList<IssuerRow> All { get; } =
    [
        new("letsencrypt", "Internet Security Research Group", ["Let's Encrypt", "Internet Security Research Group"], new()
        {
            FriendlyName = "Let's Encrypt", Website = "https://letsencrypt.org/", CaaDomains = ["letsencrypt.org"],
            Operator = ("Internet Security Research Group", "https://www.abetterinternet.org/"),
            ProblemReporting =
                "If you control the domain or hold the certificate's private key, you can revoke the certificate yourself, with any ACME client: https://letsencrypt.org/docs/revoking/\n" +
                "\n" +
                "To report any other problem with a certificate of Let's Encrypt, send email to cert-prob-reports@letsencrypt.org.",
        }),
        new("google", "Google Trust Services LLC", ["Google Trust Services", "Google Trust Services LLC", "Google Inc"], new()
        {
            FriendlyName = "Google Trust Services", Website = "https://pki.goog/", CaaDomains = ["pki.goog"],
            ProblemReporting = "To report a certificate of Google Trust Services, see https://pki.goog/ or send email to contact@pki.goog.",
        }),
        new("sectigo", SectigoOwner, ["Sectigo Limited", "Sectigo (Europe) SL", "COMODO CA Limited", "The USERTRUST Network"], new()
        {
            FriendlyName = "Sectigo", Website = "https://sectigo.com/", CaaDomains = SectigoCaa, ProblemReporting = SectigoReporting,
        }),
        new("zerossl", SectigoOwner, ["ZeroSSL"], new()
        {
            FriendlyName = "ZeroSSL", Website = "https://zerossl.com/", CaaDomains = SectigoCaa, Operator = Sectigo, ProblemReporting = SectigoReporting,
        }),
        new("cpanel", SectigoOwner, ["cPanel, Inc.", "cPanel, LLC"], new()
        {
            FriendlyName = "cPanel", Website = "https://cpanel.net/", CaaDomains = SectigoCaa, Operator = Sectigo, ProblemReporting = SectigoReporting,
        }),
        new("digicert", DigiCertOwner, ["DigiCert, Inc.", "DigiCert Inc", "DigiCert Inc.", "DigiCert Ireland Limited"], new()
        {
            FriendlyName = "DigiCert", Website = "https://www.digicert.com/", CaaDomains = DigiCertCaa, ProblemReporting = DigiCertReporting,
        }),
        new("quovadis", "QuoVadis", ["QuoVadis Limited", "QuoVadis Trustlink B.V.", "QuoVadis Trustlink Schweiz AG"], new()
        {
            FriendlyName = "QuoVadis", Website = "https://www.quovadisglobal.com/", CaaDomains = ["quovadisglobal.com"],
            Operator = DigiCert, ProblemReporting = DigiCertReporting,
        }),
        new("amazon", "Amazon Trust Services", ["Amazon"], new()
        {
            FriendlyName = "Amazon", Website = "https://www.amazontrust.com/",
            CaaDomains = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com", "aws.amazon.com", "amazonaws.eu", "amazontrustservices.eu", "amznts.eu"],
            Operator = ("Amazon Trust Services", "https://www.amazontrust.com/"),
            ProblemReporting = ReportAt("https://www.amazontrust.com/"),
        }),
        new("globalsign", "GlobalSign nv-sa", ["GlobalSign nv-sa", "GlobalSign"], new()
        {
            FriendlyName = "GlobalSign", Website = "https://www.globalsign.com/", CaaDomains = ["globalsign.com"],
            ProblemReporting = "To report a certificate of GlobalSign, see https://www.globalsign.com/en/report-abuse or send email to report-abuse@globalsign.com.",
        }),
        new("godaddy", "GoDaddy", ["GoDaddy.com, Inc.", "The Go Daddy Group, Inc."], new()
        {
            FriendlyName = "GoDaddy", Website = "https://www.godaddy.com/", CaaDomains = ["godaddy.com", "starfieldtech.com"],
            ProblemReporting = "To report a certificate of GoDaddy or Starfield, send email to practices@starfieldtech.com.",
        }),
        new("starfield", "GoDaddy", ["Starfield Technologies, Inc."], new()
        {
            FriendlyName = "Starfield", Website = "https://www.starfieldtech.com/", CaaDomains = ["starfieldtech.com", "godaddy.com"],
            Operator = ("GoDaddy", "https://www.godaddy.com/"),
            ProblemReporting = "To report a certificate of GoDaddy or Starfield, send email to practices@starfieldtech.com.",
        }),
        new("sslcom", "SSL.com", ["SSL Corporation", "SSL Corp"], new()
        {
            FriendlyName = "SSL.com", Website = "https://www.ssl.com/", CaaDomains = ["ssl.com"],
            ProblemReporting = "To report or revoke a certificate of SSL.com, see https://www.ssl.com/revoke/ or send email to support@ssl.com.",
        }),
        new("entrust", "Entrust", ["Entrust, Inc.", "Entrust Limited", "Entrust"], new()
        {
            FriendlyName = "Entrust", Website = "https://www.entrust.com/", CaaDomains = ["entrust.net"],
            ProblemReporting = "To report a certificate of Entrust, send email to ecs.support@entrust.com.",
        }),
        new("certum", CertumOwner, ["Asseco Data Systems S.A.", "Unizeto Technologies S.A.", "Unizeto Sp. z o.o."], new()
        {
            FriendlyName = "Certum", Website = "https://www.certum.eu/", CaaDomains = CertumCaa,
            Operator = ("Asseco Data Systems S.A.", "https://www.assecods.pl/"), ProblemReporting = ReportAt("https://www.certum.eu/"),
        }),
        new("actalis", "Actalis", ["Actalis S.p.A.", "Actalis S.p.A./03358520967"], new()
        {
            FriendlyName = "Actalis", Website = "https://www.actalis.com/", CaaDomains = ["actalis.it"],
            ProblemReporting = "To report a certificate of Actalis, send email to cert-problem@actalis.it.",
        }),
        new("buypass", "Buypass", ["Buypass AS-983163327"], new()
        {
            FriendlyName = "Buypass", Website = "https://www.buypass.com/", CaaDomains = ["buypass.com", "buypass.no"],
            ProblemReporting = ReportAt("https://www.buypass.com/"),
        }),
        new("microsoft", "Microsoft Corporation", ["Microsoft Corporation"], new()
        {
            FriendlyName = "Microsoft", Website = "https://www.microsoft.com/pkiops/docs/repository.htm", CaaDomains = ["microsoft.com"],
            ProblemReporting = "To report a certificate of Microsoft, send email to centralpki@microsoft.com.",
        }),
        new("apple", "Apple Inc.", ["Apple Inc."], new()
        {
            FriendlyName = "Apple", Website = "https://www.apple.com/certificateauthority/", CaaDomains = ["pki.apple.com"],
            ProblemReporting = ReportAt("https://www.apple.com/certificateauthority/"),
        }),
        new("identrust", "IdenTrust Services, LLC", ["IdenTrust"], new()
        {
            FriendlyName = "IdenTrust", Website = "https://www.identrust.com/", CaaDomains = ["identrust.com", "www.identrust.com"],
            ProblemReporting = ReportAt("https://www.identrust.com/"),
        }),
        new("trustasia", "TrustAsia Technologies, Inc.", ["TrustAsia Technologies, Inc."], new()
        {
            FriendlyName = "TrustAsia", Website = "https://www.trustasia.com/", CaaDomains = ["trustasia.com"],
            ProblemReporting = ReportAt("https://www.trustasia.com/"),
        }),

        // Signed by DigiCert until 2024, by SSL.com since: which CAA names hold depends on the year.
        new("cloudflare", "Cloudflare, Inc.", ["Cloudflare, Inc.", "CLOUDFLARE, INC.", "CloudFlare, Inc."], new()
        {
            FriendlyName = "Cloudflare", Website = "https://www.cloudflare.com/",
            ProblemReporting = "To report a certificate of Cloudflare, use the form at https://abuse.cloudflare.com/.",
        }),
        new("telekom", "Deutsche Telekom Security GmbH", ["Deutsche Telekom Security GmbH", "T-Systems International GmbH", "T-Systems Enterprise Services GmbH"], new()
        {
            FriendlyName = "Telekom Security", Website = "https://www.telesec.de/", CaaDomains = ["telesec.de", "dfn.de", "pki.dfn.de"],
            ProblemReporting = ReportAt("https://www.telesec.de/"),
        }),
        new("dtrust", "D-Trust", ["D-Trust GmbH"], new()
        {
            FriendlyName = "D-Trust", Website = "https://www.d-trust.net/", CaaDomains = ["d-trust.net", "d-trust.de", "dtrust.de"],
            Operator = ("Bundesdruckerei", "https://www.bundesdruckerei.de/"), ProblemReporting = ReportAt("https://www.d-trust.net/"),
        }),
        new("harica", "HARICA", ["Hellenic Academic and Research Institutions CA", "Hellenic Academic and Research Institutions Cert. Authority"], new()
        {
            FriendlyName = "HARICA", Website = "https://www.harica.gr/", CaaDomains = ["harica.gr"],
            ProblemReporting = "To report a certificate of HARICA, send email to cert-problem-report@harica.gr.",
        }),
        new("swisssign", "SwissSign AG", ["SwissSign AG"], new()
        {
            FriendlyName = "SwissSign", Website = "https://www.swisssign.com/", CaaDomains = ["swisssign.com"],
            ProblemReporting = ReportAt("https://www.swisssign.com/"),
        }),
        new("wisekey", "OISTE", ["WISeKey", "OISTE Foundation"], new()
        {
            FriendlyName = "WISeKey", Website = "https://www.wisekey.com/", CaaDomains = ["wisekey.com", "hightrusted.com", "certifyid.com", "oiste.org"],
            Operator = ("OISTE Foundation", "https://www.oiste.org/"), ProblemReporting = ReportAt("https://www.wisekey.com/"),
        }),
        new("certainly", "Certainly LLC", ["Certainly"], new()
        {
            FriendlyName = "Certainly", Website = "https://www.fastly.com/", CaaDomains = ["certainly.com"],
            Operator = ("Fastly", "https://www.fastly.com/"), ProblemReporting = ReportAt("https://www.fastly.com/"),
        }),
        new("certigna", "Certigna", ["Certigna"], new()
        {
            FriendlyName = "Certigna", Website = "https://www.certigna.com/", CaaDomains = ["certigna.com", "certigna.fr"],
            ProblemReporting = ReportAt("https://www.certigna.com/"),
        }),
        new("cybertrustjapan", "Cybertrust Japan / JCSI", ["Cybertrust Japan Co., Ltd."], new()
        {
            FriendlyName = "Cybertrust Japan", Website = "https://www.cybertrust.co.jp/", CaaDomains = ["cybertrust.co.jp", "cybertrust.ne.jp"],
            ProblemReporting = ReportAt("https://www.cybertrust.co.jp/"),
        }),
        new("emudhra", "eMudhra Technologies Limited", ["eMudhra Technologies Limited"], new()
        {
            FriendlyName = "eMudhra", Website = "https://www.emudhra.com/", CaaDomains = ["emsign.com"],
            ProblemReporting = ReportAt("https://www.emudhra.com/"),
        }),
        new("gdca", "Global Digital Cybersecurity Authority Co., Ltd. (Formerly Guang Dong Certificate Authority (GDCA))",
            ["Global Digital Cybersecurity Authority Co., Ltd."], new()
        {
            FriendlyName = "GDCA", Website = "https://www.gdca.com.cn/", CaaDomains = ["gdca.com.cn"], ProblemReporting = ReportAt("https://www.gdca.com.cn/"),
        }),
        new("jprs", "Japan Registry Services Co., Ltd.", ["Japan Registry Services Co., Ltd."], new()
        {
            FriendlyName = "JPRS", Website = "https://jprs.jp/", CaaDomains = ["jprs.jp", "acme.jprs.jp"], Operator = Secom,
            ProblemReporting = ReportAt("https://jprs.jp/"),
        }),
        new("secom", "SECOM Trust Systems Co., Ltd.", ["SECOM Trust Systems CO.,LTD.", "SECOM Trust Systems Co., Ltd."], new()
        {
            FriendlyName = "SECOM Trust Systems", Website = "https://www.secomtrust.net/", CaaDomains = ["secomtrust.net"],
            ProblemReporting = ReportAt("https://www.secomtrust.net/"),
        }),
        new("sheca", "Shanghai Electronic Certification Authority Co., Ltd.", ["UniTrust"], new()
        {
            FriendlyName = "SHECA", Website = "https://www.sheca.com/", CaaDomains = ["sheca.com"], ProblemReporting = ReportAt("https://www.sheca.com/"),
        }),
        new("twca", "Taiwan-CA Inc. (TWCA)", ["TAIWAN-CA"], new()
        {
            FriendlyName = "TWCA", Website = "https://www.twca.com.tw/", CaaDomains = ["twca.com.tw"], ProblemReporting = ReportAt("https://www.twca.com.tw/"),
        }),

        // Names under which others sell what Sectigo, Certum and DigiCert issue: who answers for the certificate is the issuer.
        new("networksolutions", SectigoOwner, ["Network Solutions L.L.C."], new()
        {
            FriendlyName = "Network Solutions", Website = "https://www.networksolutions.com/", CaaDomains = ["networksolutions.com", "web.com"],
            Operator = Sectigo, ProblemReporting = SectigoReporting,
        }),
        BySectigo("cloudsecure", "CloudSecure", null, "CloudSecure Corporation"),
        BySectigo("csc", "Corporation Service Company", "https://www.cscglobal.com/", "Corporation Service Company"),
        BySectigo("dondominio", "DonDominio", "https://www.dondominio.com/", "Soluciones Corporativas IP SL", "Soluciones Corporativas IP, SL"),
        BySectigo("gandi", "Gandi", "https://www.gandi.net/", "Gandi"),
        BySectigo("geant", "GÉANT", "https://geant.org/", "GEANT Vereniging"),
        BySectigo("geossl", "GeoSSL", null, "GeoSSL"),
        BySectigo("gogetssl", "GoGetSSL", "https://www.gogetssl.com/", "GoGetSSL"),
        BySectigo("incommon", "InCommon", "https://incommon.org/", "Internet2"),
        BySectigo("ssl2buy", "SSL2BUY", "https://www.ssl2buy.com/", "SSL2BUY EMEA LLC"),
        BySectigo("ssltrus", "sslTrus", null, "sslTrus"),
        BySectigo("trustico", "Trustico", "https://www.trustico.com/", "The Trustico Group Ltd"),
        BySectigo("wotrus", "WoTrus", "https://www.wotrus.com/", "WoTrus CA Limited"),
        ByCertum("cyberfolks", "cyber_Folks", "https://cyberfolks.pl/", "cyber_Folks S.A."),
        ByCertum("homepl", "home.pl", "https://home.pl/", "home.pl S.A."),
        ByCertum("joyssl", "JoySSL", "https://www.joyssl.com/", "JoySSL Limited"),
        ByCertum("lhpl", "LH.pl", "https://www.lh.pl/", "LH.pl Sp. z o.o."),
        ByCertum("nazwapl", "nazwa.pl", "https://www.nazwa.pl/", "nazwa.pl Sp. z o.o."),
        ByCertum("shoper", "Shoper", "https://www.shoper.pl/", "Shoper S.A."),
        ByCertum("xinnet", "Xinnet", null, "Xin Net Technology Corp."),
        new("cisco", DigiCertOwner, ["Cisco Systems, Inc."], new()
        {
            FriendlyName = "Cisco", Website = "https://www.cisco.com/", CaaDomains = ["cisco.com"], Operator = DigiCert, ProblemReporting = DigiCertReporting,
        }),
        new("gandi-digicert", DigiCertOwner, ["Gandi SAS"], new()
        {
            FriendlyName = "Gandi", Website = "https://www.gandi.net/", CaaDomains = DigiCertCaa, Operator = DigiCert, ProblemReporting = DigiCertReporting,
        }),
    ];

    /// <summary>Hexadecimal SHA-256 of CAs' SubjectPublicKeyInfo, by whose it is: IssuerKeys.txt.</summary>
    public static FrozenDictionary<string, IssuerRow> Keys { get; } = ReadKeys().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The row that a key belongs to, given who the CCADB says owns it; null if that owner has none.</summary>
    public static IssuerRow? RowOf(string key, string owner, string organization) =>
        Keys.TryGetValue(key, out IssuerRow? row) && row.IsOf(owner)
            ? row
            : All.FirstOrDefault(row => row.IsOf(owner) && row.Organizations.Contains(organization)) ?? All.FirstOrDefault(row => row.IsOf(owner));

    /// <param name="website">Null: the issuer's, where we know no other for certain.</param>
    private static IssuerRow BySectigo(string id, string name, string? website, params string[] organizations) => new(id, SectigoOwner, organizations, new()
    {
        FriendlyName = name,
        Website = website ?? Sectigo.Website,
        CaaDomains = SectigoCaa,
        Operator = Sectigo,
        ProblemReporting = SectigoReporting,
    });

    private static IssuerRow ByCertum(string id, string name, string? website, params string[] organizations) => new(id, CertumOwner, organizations, new()
    {
        FriendlyName = name,
        Website = website ?? Certum.Website,
        CaaDomains = CertumCaa,
        Operator = Certum,
        ProblemReporting = ReportAt(Certum.Website),
    });

    private static string ReportAt(string website) => $"To report a certificate of this CA, use the contact it names on its site: {website}";

    private static IEnumerable<KeyValuePair<string, IssuerRow>> ReadKeys()
    {
        Dictionary<string, IssuerRow> byId = All.ToDictionary(row => row.Id, StringComparer.Ordinal);
        IssuerRow row = null!;

        using var reader = new StreamReader(typeof(IssuerTable).Assembly.GetManifestResourceStream("IssuerKeys.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('[')) row = byId[line[1..^1]];
            else if (line.Length > 0 && line[0] != '#') yield return KeyValuePair.Create(line, row);
        }
    }
}
