using System.Text;
using System.Text.Json;
using CertHerald.Cli;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Tests.Deciding;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

public sealed class IssuersCommandTests : IDisposable
{
    private const string Report = "CA Owner,Company Website\nExample Owner,https://example.com/\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-issuers-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder, "data");

    private string Written => Path.Combine(Data, "issuers.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Reports_from_URLs_and_files_are_joined_and_the_service_finds_the_key()
    {
        using var ca = new MadeCa("Example Trust", "Example CA 1");
        await using Receiver server = Receiver.Start();
        server.Default = Receiver.Answer(200, $"CA Owner,SHA-256 Fingerprint\nExample Owner,{ca.Fingerprint}\n");
        string pems = Save("pems.csv", ca.PemRow("SHA-256 Fingerprint,X.509 Certificate (PEM)"));

        JsonElement summary = JsonSerializer.Deserialize<JsonElement>(await RefreshAsync(json: true, server.Url.ToString(), pems, Save("owners.csv", Report)));

        Assert.Equal((1, 1, 1), (summary.GetProperty("owners").GetInt32(), summary.GetProperty("keys").GetInt32(), summary.GetProperty("new_keys").GetInt32()));
        IssuerFacts facts = IssuersFile.Load(Data, out string? problem).Find(ca.Key, null, null);
        Assert.Null(problem);
        Assert.Equal(("Example Owner", "https://example.com/", true), (facts.FriendlyName, facts.Website, facts.IsByKey));
    }

    [Fact]
    public async Task Asked_twice_it_writes_the_same_bytes_and_nothing_is_new()
    {
        using var ca = new MadeCa("Example Trust", "Example CA 1");
        string[] sources = [Save("records.csv", $"CA Owner,SHA-256 Fingerprint\nExample Owner,{ca.Fingerprint}\n"), Save("pems.csv", ca.PemRow("SHA-256 Fingerprint,X.509 Certificate (PEM)"))];
        Assert.Contains("keys       1, of them 1 new", await RefreshAsync(json: false, sources), StringComparison.Ordinal);
        byte[] first = await File.ReadAllBytesAsync(Written, Cancellation);

        Assert.Contains("keys       1, of them 0 new", await RefreshAsync(json: false, sources), StringComparison.Ordinal);

        Assert.Equal(first, await File.ReadAllBytesAsync(Written, Cancellation));
        Assert.Equal([Written], Directory.GetFiles(Data));
        Assert.Contains("gone       1 keys", await RefreshAsync(json: false, Save("owners.csv", Report)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_is_not_there_is_told_with_its_status()
    {
        await using Receiver server = Receiver.Start();
        server.Default = Receiver.Answer(404, "gone");
        Assert.Contains("answered 404", await FailAsync(server.Url.ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_but_named()
    {
        await using Receiver server = Receiver.Start();
        server.Default = Receiver.Answer(302, "", "Location: https://elsewhere.example/report");
        Assert.Contains("(status 302, to https://elsewhere.example/report): name the final address with --from", await FailAsync(server.Url.ToString()), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_refused_from_servers_and_from_files()
    {
        await using Receiver server = Receiver.Start();
        server.Default = Receiver.Flood("HTTP/1.1 200 OK\r\n\r\nCA Owner,Company Website\n", new string('x', 4_096));
        Assert.Contains("has more than 100000 bytes", await FailAsync(server.Url.ToString()), StringComparison.Ordinal);
        Assert.Contains("has more than 100000 bytes", await FailAsync(Save("long.csv", Report + new string('x', 100_000))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_ends_early_is_refused()
    {
        await using Receiver server = Receiver.Start();
        server.Default = static async (connection, stopping) =>
        {
            await connection.WriteAsync(Encoding.UTF8.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + Report), stopping);
            connection.Dispose();
        };
        Assert.Contains("gave no whole report", await FailAsync(server.Url.ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up()
    {
        await using Receiver server = Receiver.Start();
        server.Default = Receiver.Hang();
        Assert.Contains("gave no whole report within 0.2 s", await FailAsync(TimeSpan.FromSeconds(0.2), server.Url.ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_does_not_help_leaves_the_file_as_it_was()
    {
        await RefreshAsync(json: false, Save("owners.csv", Report));
        byte[] before = await File.ReadAllBytesAsync(Written, Cancellation);

        string said = await FailAsync(Save("owners.csv", Report), Save("other.csv", "Name,Number\na,1\n"));

        Assert.Contains("other.csv is no report that helps", said, StringComparison.Ordinal);
        Assert.Contains("it has \"Name\", \"Number\"", said, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Written, Cancellation));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named() => Assert.Contains("nowhere.csv cannot be read", await FailAsync(Path.Combine(_folder, "nowhere.csv")), StringComparison.Ordinal);

    [Theory]
    [InlineData("http://ccadb.example/report", "is not encrypted")]
    [InlineData("https://user:hunter2@ccadb.example/report", "a URL with a password")]
    public void Addresses_that_are_not_asked_are_refused_without_their_password(string source, string said)
    {
        string refusal = IssuersCommand.Refusal(source)!;
        Assert.Contains(said, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://ccadb.example/report")]
    [InlineData("http://127.0.0.1:8080/report")]
    [InlineData("reports/AllCertificateRecords.csv")]
    public void Files_https_and_this_machine_are_asked(string source) => Assert.Null(IssuersCommand.Refusal(source));

    [Theory]
    [InlineData("")]
    [InlineData("--from http://ccadb.example/report")]
    public async Task Bad_usage_ends_with_2_and_writes_nothing(string options)
    {
        int code = await IssuersCommand.Create().Parse($"refresh --data {Data} {options}").InvokeAsync(cancellationToken: Cancellation);
        Assert.Equal(CommandLine.Misused, code);
        Assert.False(File.Exists(Written));
    }

    [Theory]
    [InlineData("not JSON at all")]
    [InlineData("""{"format":9}""")]
    public void A_broken_file_is_told_and_the_built_in_table_stands(string content)
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Written, content);

        IssuerDirectory issuers = IssuersFile.Load(Data, out string? problem);

        Assert.Same(IssuerDirectory.BuiltIn, issuers);
        Assert.Contains("issuers.json cannot be used", problem, StringComparison.Ordinal);
        Assert.Contains("'certherald issuers refresh'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_file_nothing_is_said()
    {
        Assert.Same(IssuerDirectory.BuiltIn, IssuersFile.Load(Data, out string? problem));
        Assert.Null(problem);
    }

    private string Save(string name, string report)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, report);
        return path;
    }

    [Theory]
    [InlineData("https://10.0.0.1/report.csv", "10.0.0.1 is not a public address")]
    [InlineData("https://169.254.169.254/report.csv", "169.254.169.254 is a metadata service")]
    [InlineData("https://[64:ff9b::a00:1]/report.csv", "is not a public address")]
    public async Task Rule_9_7_an_internal_address_is_not_asked_unless_it_is_opened(string source, string reason)
    {
        Assert.Contains(reason, await FailAsync(source), StringComparison.Ordinal);
        Assert.False(File.Exists(Written));
    }

    private async Task<string> RefreshAsync(bool json, params string[] sources)
    {
        using var output = new StringWriter();
        await IssuersCommand.RefreshAsync(sources, Data, new OutboundOptions(), json, output, Cancellation);
        return output.ToString();
    }

    private Task<string> FailAsync(params string[] sources) => FailAsync(TimeSpan.FromMinutes(1), sources);

    private async Task<string> FailAsync(TimeSpan longest, params string[] sources)
    {
        CommandFailedException failure = await Assert.ThrowsAsync<CommandFailedException>(() =>
            IssuersCommand.RefreshAsync(sources, Data, new OutboundOptions(), asJson: false, TextWriter.Null, Cancellation, mostBytes: 100_000, longest));
        return failure.Message;
    }
}
