using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Docs;

/// <summary>The programs that docs/webhooks.md shows for checking signatures, run as they stand there against what we sign.</summary>
public sealed partial class SignatureProgramsTests : IDisposable
{
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"dns_names":["bücher.example"],"id":"2715"}""");

    private const string App = "### Signatures with an app secret\n";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public Task The_python_program_takes_our_requests_and_no_others() => CheckAsync(Tool.Find("python3"), [Save("python", "verify.py")]);

    [Fact]
    public Task The_node_program_takes_our_requests_and_no_others() => CheckAsync(Tool.Find("node"), [Save("js", "verify.mjs")]);

    [Fact]
    public async Task The_go_program_takes_our_requests_and_no_others()
    {
        string built = _scratch.PathOf("verify");
        (await Tool.RunAsync(Tool.Find("go"), _scratch.Folder, ["build", "-o", built, Save("go", "verify.go")])).With(0);
        await CheckAsync(built, []);
    }

    [Fact]
    public async Task The_csharp_program_takes_our_requests_and_no_others()
    {
        string built = _scratch.PathOf("built");
        // Ahead-of-time compilation would need a package.
        (await Tool.RunAsync(Tool.Find("dotnet"), _scratch.Folder, ["build", Save("csharp", "verify.cs"), "-o", built, "-p:PublishAot=false", "-nologo", "-v", "q"])).With(0);
        await CheckAsync(Path.Combine(built, "verify"), []);
    }

    [Fact]
    public Task The_python_program_takes_what_our_app_secret_signed_and_nothing_else() => CheckAppAsync(Tool.Find("python3"), [Save("python", "verify.py", App)]);

    [Fact]
    public Task The_node_program_takes_what_our_app_secret_signed_and_nothing_else() => CheckAppAsync(Tool.Find("node"), [Save("js", "verify.mjs", App)]);

    [Fact]
    public async Task The_go_program_takes_what_our_app_secret_signed_and_nothing_else()
    {
        string built = _scratch.PathOf("verify");
        (await Tool.RunAsync(Tool.Find("go"), _scratch.Folder, ["build", "-o", built, Save("go", "verify.go", App)])).With(0);
        await CheckAppAsync(built, []);
    }

    [Fact]
    public async Task The_csharp_program_takes_what_our_app_secret_signed_and_nothing_else()
    {
        string built = _scratch.PathOf("built");
        (await Tool.RunAsync(Tool.Find("dotnet"), _scratch.Folder, ["build", Save("csharp", "verify.cs", App), "-o", built, "-p:PublishAot=false", "-nologo", "-v", "q"])).With(0);
        await CheckAppAsync(Path.Combine(built, "verify"), []);
    }

    [Theory]
    [InlineData(24)]
    [InlineData(33)]
    [InlineData(64)]
    public async Task Rule_8_1_the_reference_library_of_Standard_Webhooks_takes_what_we_sign(int bytes)
    {
        string node = Tool.Find("node"), modules = Path.Combine(Repository.Root, "artifacts", "reference", "node_modules");
        Assert.SkipUnless(Directory.Exists(Path.Combine(modules, "standardwebhooks")), "left out: the npm package standardwebhooks is not installed: ./test does that");
        string program = _scratch.Write("reference.cjs", $$"""
            const { Webhook } = require({{System.Text.Json.JsonSerializer.Serialize(Path.Combine(modules, "standardwebhooks"))}});
            const [secret, id, timestamp, signatures] = process.argv.slice(2);
            try {
              new Webhook(secret).verify(require("fs").readFileSync(0), { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures });
            } catch (failure) {
              process.exit(failure.name === "WebhookVerificationError" || failure.constructor.name === "WebhookVerificationError" ? 1 : 2);
            }
            """);

        await CheckAsync(node, [program], SecretOf(bytes));
    }

    private async Task CheckAsync(string program, string[] arguments, SigningSecret? secret = null)
    {
        secret ??= SigningSecret.New();
        SigningSecret other = SigningSecret.New();
        DateTimeOffset now = DateTimeOffset.UtcNow;

        Assert.Equal(0, await RunAsync(secret, now, Body, secret));
        Assert.Equal(0, await RunAsync(secret, now, Body, other, secret));              // the receiver has not changed yet
        Assert.Equal(0, await RunAsync(secret, now, Body, secret, other));
        Assert.Equal(1, await RunAsync(secret, now, Body, other));
        Assert.Equal(1, await RunAsync(secret, now, [.. Body, (byte)' '], secret));
        Assert.Equal(1, await RunAsync(secret, now.AddMinutes(-6), Body, secret));      // sent once, and again by somebody else
        Assert.Equal(1, await RunAsync(secret, now.AddMinutes(6), Body, secret));

        async Task<int> RunAsync(SigningSecret known, DateTimeOffset at, byte[] received, params SigningSecret[] signing)
        {
            IReadOnlyList<WebhookHeader> headers = new StandardSigner(signing).HeadersFor("0198-key", at, Body);
            return (await Tool.RunAsync(program, _scratch.Folder, [.. arguments, known.Text, .. headers.Select(header => header.Value)], received)).Code;
        }
    }

    private async Task CheckAppAsync(string program, string[] arguments)
    {
        AppSecret secret = AppSecret.New(), other = AppSecret.New();
        string signature = SignatureBy(secret);

        Assert.Equal(0, await RunAsync(secret, signature, Body));
        Assert.Equal(1, await RunAsync(other, signature, Body));
        Assert.Equal(1, await RunAsync(secret, signature, [.. Body, (byte)' ']));
        Assert.Equal(1, await RunAsync(secret, signature[..^1], Body));
        Assert.Equal(1, await RunAsync(secret, "sha1=" + Convert.ToHexStringLower(secret.SignSha1(Body)), Body));
        Assert.Equal(1, await RunAsync(secret, "", Body));

        async Task<int> RunAsync(AppSecret known, string sent, byte[] received) =>
            (await Tool.RunAsync(program, _scratch.Folder, [.. arguments, known.Text, sent], received)).Code;

        static string SignatureBy(AppSecret secret) => new HubSigner([secret]).HeadersFor("0198-key", DateTimeOffset.UtcNow, Body)[1].Value;
    }

    private string Save(string language, string name, string heading = "## Signatures\n")
    {
        string text = Repository.Text("docs/webhooks.md"), section = text[text.IndexOf(heading, StringComparison.Ordinal)..];
        return _scratch.Write(name, Block().Matches(section).First(block => block.Groups[1].Value == language).Groups[2].Value);
    }

    private static SigningSecret SecretOf(int bytes)
    {
        string text = "whsec_" + Convert.ToBase64String([.. Enumerable.Range(0, bytes).Select(i => (byte)(i * 7))]);
        return SigningSecret.TryParse(text, out SigningSecret? secret, out _) ? secret : throw new InvalidOperationException(bytes.ToString(CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("```([a-z]+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
