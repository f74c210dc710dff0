using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Docs;

/// <summary>The hooks of docs/known.md, as the page writes them, with what certbot and cert-manager set when they call them.</summary>
[Collection(ProgramTests.Name)]
public sealed partial class KnownHooksTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestCa _ca = new();

    public void Dispose()
    {
        _scratch.Dispose();
        _ca.Dispose();
    }

    [Fact]
    public async Task A_deploy_hook_makes_the_new_certificate_and_its_key_known()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _scratch.Write("cert.pem", _ca.Issue(new IssueRequest("www.example.com") { SubjectKey = key }).Pem);

        AddedKey added = await RunAsync(HookOf("certbot"), new() { ["RENEWED_LINEAGE"] = _scratch.Folder, ["RENEWED_DOMAINS"] = "www.example.com" }, null);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo())), added.PubkeySha256);
        Assert.Equal(["www.example.com"], added.DnsNames);
    }

    [Fact]
    public async Task A_request_of_cert_manager_makes_its_key_known_before_it_is_answered()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string request = new CertificateRequest("CN=www.example.com", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        // As the API server answers for .spec.request: the PEM in base64.
        _scratch.Write("kubectl", $"#!/bin/sh\necho {Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(request))}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_scratch.PathOf("kubectl"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        AddedKey added = await RunAsync(HookOf("cert-manager"), new() { ["NAME"] = "www-1" }, _scratch.Folder);

        Assert.Equal(["www.example.com"], added.DnsNames);
    }

    /// <summary>The line of the page, but for the program around it.</summary>
    private static string HookOf(string program) =>
        Block().Matches(Repository.Text("docs/known.md")).Select(match => match.Groups[1].Value).Single(block => block.Contains("known add key", StringComparison.Ordinal) && block.Contains($"# {program}", StringComparison.Ordinal))
            .Split('\n').First(line => line.Contains("known add key", StringComparison.Ordinal));

    private async Task<AddedKey> RunAsync(string hook, Dictionary<string, string> environment, string? path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        new LocalAccess(rig.Address, rig.Services.GetRequiredService<LocalKey>().Text).Save(_scratch.Folder);
        // What the program hands to a shell stands between quotes in its own line.
        if (Quoted().Match(hook) is { Success: true } quoted) hook = quoted.Groups[1].Value;
        string script = _scratch.Write("hook.sh", hook.Replace("/var/lib/certherald", _scratch.Folder, StringComparison.Ordinal) + "\n");
        environment["PATH"] = string.Join(':', new[] { path, Path.GetDirectoryName(Certherald.Path), "/usr/bin", "/bin" }.OfType<string>());
        await using Certherald ran = Certherald.StartOther("/usr/bin/env", [.. environment.Select(one => $"{one.Key}={one.Value}"), "/bin/sh", "-e", script]);
        Assert.Equal((0, ""), (await ran.ExitAsync(), string.Join('\n', ran.Errors)));
        return Assert.Single((await rig.Store.AuthorisationsAsync(TestContext.Current.CancellationToken)).Keys);
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("-hook='([^']+)'")]
    private static partial Regex Quoted();
}
