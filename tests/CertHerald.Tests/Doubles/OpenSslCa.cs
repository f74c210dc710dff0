using System.Text;

namespace CertHerald.Tests.Doubles;

/// <summary>A CA that OpenSSL runs: real certificates, and real lists of those that it revoked.</summary>
internal sealed class OpenSslCa : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly string _openssl, _points;

    private OpenSslCa(string openssl, string points) => (_openssl, _points) = (openssl, points);

    /// <summary>The CA's certificate, DER.</summary>
    public byte[] Certificate => File.ReadAllBytes(_scratch.PathOf("ca.der"));

    /// <param name="points">What its certificates have as crlDistributionPoints, in OpenSSL's words: <c>URI:http://…</c>.</param>
    /// <param name="key">As <c>openssl req -newkey</c> takes it.</param>
    public static async Task<OpenSslCa> CreateAsync(string points, string name = "/O=Some CA/CN=Some CA 1", params string[] key)
    {
        var ca = new OpenSslCa(Tool.Find("openssl"), points);
        ca.Configure(points, "");
        ca._scratch.Write("index.txt", "");
        ca._scratch.Write("index.txt.attr", "unique_subject = no\n");
        ca._scratch.Write("serial", "80A1\n");                      // with its highest bit set: written with a zero before it
        ca._scratch.Write("crlnumber", "01\n");
        await ca.RunAsync(["req", "-x509", .. key.Length > 0 ? key : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "-nodes", "-subj", name, "-days", "3650", "-keyout", "ca.key", "-out", "ca.pem", "-config", "ca.conf", "-extensions", "of_ca"]);
        await ca.RunAsync(["x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der"]);
        return ca;
    }

    /// <summary>A certificate that is valid from 2026-01-01 to 2027-01-01, DER.</summary>
    /// <param name="points">As the CA's, in its own place; empty: none.</param>
    /// <param name="until">As <c>openssl ca -enddate</c> takes it.</param>
    public async Task<byte[]> IssueAsync(string name, string? points = null, string until = "270101000000Z")
    {
        Configure(points ?? _points, "");
        await RunAsync(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", "-keyout", $"{name}.key", "-out", $"{name}.csr", "-config", "ca.conf"]);
        await RunAsync(["ca", "-batch", "-config", "ca.conf", "-extensions", "leaf", "-startdate", "260101000000Z", "-enddate", until, "-in", $"{name}.csr", "-out", $"{name}.pem", "-notext"]);
        await RunAsync(["x509", "-in", $"{name}.pem", "-outform", "DER", "-out", $"{name}.der"]);
        return File.ReadAllBytes(_scratch.PathOf($"{name}.der"));
    }

    /// <param name="reason">As <c>openssl ca -crl_reason</c> takes it; null: none.</param>
    public Task RevokeAsync(string name, string? reason = null) => RunAsync(["ca", "-batch", "-config", "ca.conf", "-revoke", $"{name}.pem", .. reason is null ? (string[])[] : ["-crl_reason", reason]]);

    /// <summary>Takes back every revocation, which OpenSSL has no command for.</summary>
    public void Pardon()
    {
        string[] lines = File.ReadAllLines(_scratch.PathOf("index.txt"));
        for (int i = 0; i < lines.Length; i++)
            if (lines[i].Split('\t') is ["R", var until, _, .. var rest]) lines[i] = string.Join('\t', ["V", until, "", .. rest]);
        File.WriteAllLines(_scratch.PathOf("index.txt"), lines);
    }

    /// <summary>The list of what is revoked now, DER; or PEM.</summary>
    /// <param name="made">As <c>-crl_lastupdate</c> takes it.</param>
    /// <param name="next">As <c>-crl_nextupdate</c> takes it.</param>
    /// <param name="extensions">Further ones, in OpenSSL's words.</param>
    public async Task<byte[]> ListAsync(string made = "260301000000Z", string next = "260308000000Z", string extensions = "", bool pem = false)
    {
        Configure("", extensions);
        await RunAsync(["ca", "-gencrl", "-config", "ca.conf", "-crl_lastupdate", made, "-crl_nextupdate", next, "-out", "list.pem"]);
        if (pem) return File.ReadAllBytes(_scratch.PathOf("list.pem"));
        await RunAsync(["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"]);
        return File.ReadAllBytes(_scratch.PathOf("list.der"));
    }

    public void Dispose() => _scratch.Dispose();

    private void Configure(string points, string ofList) => _scratch.Write("ca.conf", $"""
        [ca]
        default_ca = this
        [this]
        database = index.txt
        serial = serial
        crlnumber = crlnumber
        new_certs_dir = .
        certificate = ca.pem
        private_key = ca.key
        default_md = sha256
        policy = any
        crl_extensions = of_list
        [any]
        commonName = supplied
        [req]
        distinguished_name = any_name
        [any_name]
        [of_ca]
        basicConstraints = critical,CA:TRUE
        subjectKeyIdentifier = hash
        [leaf]
        basicConstraints = CA:FALSE
        {(points.Length > 0 ? $"crlDistributionPoints = {points}" : "")}
        [of_list]
        authorityKeyIdentifier = keyid
        {ofList}
        """);

    private async Task RunAsync(string[] arguments)
    {
        Ended ended = await Tool.RunAsync(_openssl, _scratch.Folder, arguments);
        Assert.True(ended.Code == 0, $"openssl {string.Join(' ', arguments)}: {Encoding.UTF8.GetString(ended.ErrorBytes)}");
    }
}
