using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Cli;

/// <summary><c>certherald known</c>, against a service in this process.</summary>
public sealed class KnownCommandTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _scratch.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task Keys_and_certificates_are_added_from_files_listed_and_removed()
    {
        await using ConsoleRig rig = await StartAsync();
        using var ca = new TestCa();
        var request = new CertificateRequest("CN=www.example.com", _key, HashAlgorithmName.SHA256);
        string hash = Convert.ToHexStringLower(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()));
        TestCertificate certificate = ca.Issue(new IssueRequest("shop.example.com") { SubjectKey = _key });
        string csr = _scratch.Write("www.csr", request.CreateSigningRequestPem()), der = _scratch.PathOf("www.der"), pem = _scratch.Write("shop.crt", certificate.Pem);
        await File.WriteAllBytesAsync(der, request.CreateSigningRequest(), TestContext.Current.CancellationToken);
        await rig.CommitAsync(SomeFacts.Of("www.example.com") with { PubkeySha256 = hash, IpAddresses = [] });
        Assert.Contains("nothing is authorised", (await RunAsync("list")).Output, StringComparison.Ordinal);

        Assert.Equal($"key {hash} is authorised for www.example.com; 1 earlier issuance is known by it", (await RunAsync("add", "key", csr)).Output);
        // A certificate says the same of its key.
        Assert.Equal([$"key {hash} is authorised for www.example.com", $"key {hash} is authorised for shop.example.com www.example.com"], (await RunAsync("add", "key", der, pem)).Output.Split('\n'));
        JsonElement added = JsonElement.Parse((await RunAsync("add", "certificate", pem, "--json")).Output);
        string tbs = added.GetProperty("tbs_sha256").GetString()!;
        Assert.Equal(["shop.example.com"], added.GetProperty("dns_names").EnumerateArray().Select(name => name.GetString()));

        Assert.Equal(
            [$"key          {hash}  added 2026-11-21  shop.example.com www.example.com", $"certificate  {tbs}  added 2026-11-21  shop.example.com"],
            (await RunAsync("list")).Output.Split('\n'));
        Assert.Equal(hash, JsonElement.Parse((await RunAsync("list", "--json")).Output).GetProperty("keys")[0].GetProperty("pubkey_sha256").GetString());
        Assert.Equal([$"key {hash} was removed", $"certificate {tbs} was removed"], (await RunAsync("remove", hash, tbs)).Output.Split('\n'));
        StoredAuthorisations left = await rig.Store.AuthorisationsAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, 0), (left.Keys.Count, left.Certificates.Count));
        Assert.Contains("no such known certificate", (await Assert.ThrowsAsync<CommandFailedException>(() => RunAsync("remove", hash))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issuance_is_marked_and_authorities_are_set_and_removed()
    {
        await using ConsoleRig rig = await StartAsync();
        await rig.CommitAsync(SomeFacts.Of("www.example.com"));

        Assert.Equal("issuance 1 is known: marked as yours by hand", (await RunAsync("authorize", "1")).Output);
        (string output, string errors) = await RunAsync("authorities", "set", ".example.com", "letsencrypt.org", "nobody.example");
        Assert.Equal(".example.com may have certificates of letsencrypt.org, nobody.example", output);
        Assert.StartsWith("warning: no CA that is known by its key answers to nobody.example", errors, StringComparison.Ordinal);
        Assert.Matches("^authorities  \\.example\\.com +added 2026-11-21  letsencrypt.org nobody.example$", (await RunAsync("list")).Output);
        Assert.Equal(".example.com has no list of its own any more", (await RunAsync("authorities", "remove", ".example.com")).Output);
    }

    [Fact]
    public async Task Keys_are_added_and_issuances_marked_under_the_other_names_of_these_commands()
    {
        await using ConsoleRig rig = await StartAsync();
        string hash = Convert.ToHexStringLower(SHA256.HashData(_key.ExportSubjectPublicKeyInfo())),
            csr = _scratch.Write("www.csr", new CertificateRequest("CN=www.example.com", _key, HashAlgorithmName.SHA256).CreateSigningRequestPem());
        await rig.CommitAsync(SomeFacts.Of("www.example.com"));

        Assert.Equal($"key {hash} is authorised for www.example.com", (await RunAsync("keys", ["add", csr])).Output);
        Assert.Equal("issuance 1 is known: marked as yours by hand", (await RunAsync("issuances", ["authorize", "1"])).Output);
    }

    [Fact]
    public async Task What_is_no_request_or_certificate_is_said_before_anything_is_sent()
    {
        await using ConsoleRig rig = await StartAsync();
        using var ca = new TestCa();
        string good = _scratch.Write("good.crt", ca.Issue("www.example.com").Pem), noise = _scratch.Write("noise.csr", "noise"), address = _scratch.Write("address.crt", ca.Issue("192.0.2.1").Pem),
            huge = _scratch.Write("huge.csr", new string('x', SigningRequest.MostBytes + 1));
        foreach ((string file, string says) in new[] { (noise, "is no certificate signing request and no certificate"), (address, "has no DNS name"), (huge, "is larger than 256 KiB"), (_scratch.PathOf("none"), "cannot be read") })
            Assert.Contains(says, (await Assert.ThrowsAsync<CommandFailedException>(() => RunAsync("add", "key", good, file))).Message, StringComparison.Ordinal);
        Assert.Contains("is no certificate, in PEM or DER", (await Assert.ThrowsAsync<CommandFailedException>(() => RunAsync("add", "certificate", good, noise))).Message, StringComparison.Ordinal);
        Assert.Empty(await rig.Store.AuditAsync(null, 10, TestContext.Current.CancellationToken));
    }

    private async Task<ConsoleRig> StartAsync()
    {
        ConsoleRig rig = await ConsoleRig.StartAsync();
        new LocalAccess(rig.Address, rig.Services.GetRequiredService<LocalKey>().Text).Save(_scratch.Folder);
        return rig;
    }

    private Task<(string Output, string Errors)> RunAsync(params string[] line) => RunAsync("known", line);

    private async Task<(string Output, string Errors)> RunAsync(string command, string[] line)
    {
        using StringWriter output = new(), errors = new();
        ParseResult parsed = new RootCommand { KnownCommand.Create(), KnownCommand.CreateKeys(), IssuancesCommand.Create() }.Parse([command, .. line, "--data", _scratch.Folder]);
        Assert.Empty(parsed.Errors);
        Assert.Equal(0, await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken));
        return (output.ToString().TrimEnd(), errors.ToString());
    }
}
