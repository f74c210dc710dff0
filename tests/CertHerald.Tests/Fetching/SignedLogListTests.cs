using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Tests.Fetching;

/// <summary>ct.md 7.1 and 7.4, K1: what is believed of a list that is signed. Over real HTTP.</summary>
public sealed class SignedLogListTests : IDisposable
{
    private static readonly RSA Key = RSA.Create(2048);
    private static readonly ListSigner Signer = new("a test", Key.ExportSubjectPublicKeyInfo());

    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-tests-").FullName;
    private readonly ManualTime _time = new();
    private readonly Asking _asking;
    private readonly Dictionary<string, byte[]?> _served = [];

    public SignedLogListTests() => _asking = new Asking(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _asking.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_key_in_the_program_is_the_published_one()
    {
        using var published = RSA.Create();
        published.ImportFromPem(SharedData.Text("loglist", "chrome_log_list_pubkey.pem"));

        Assert.Equal(published.ExportSubjectPublicKeyInfo(), ListSigner.Chrome.Key.ToArray());
        Assert.Equal(ListSigner.ChromeKeySha256, Convert.ToHexStringLower(SHA256.HashData(ListSigner.Chrome.Key.Span)));
    }

    [Fact]
    public void The_key_in_the_program_has_the_hash_that_stands_beside_it() =>
        Assert.Equal(ListSigner.ChromeKeySha256, Convert.ToHexStringLower(SHA256.HashData(ListSigner.Chrome.Key.Span)));

    [Theory]
    [InlineData("https://www.gstatic.com/ct/log_list/v3/log_list.json", true)]
    [InlineData("https://www.gstatic.com/ct/log_list/v3/all_logs_list.json", true)]
    [InlineData("HTTPS://WWW.GSTATIC.COM/ct/log_list/v3/all_logs_list.json?x=1", true)]
    [InlineData("https://valid.apple.com/ct/log_list/current_log_list.json", false)]
    [InlineData("https://www.gstatic.com/ct/log_list/v3/other.json", false)]
    [InlineData("all_logs_list.json", false)]
    public void Rule_7_1_Chromes_own_lists_are_signed_and_others_by_choice(string location, bool isChromes) =>
        Assert.Equal(isChromes ? ListSigner.Chrome : null, LogListOptions.At(location).SignedBy);

    [Theory]
    [InlineData("chrome_all_logs_list")]
    [InlineData("chrome_log_list_80.14")]
    [InlineData("history/chrome_all_logs_list_2026-02-27_v84.14")]
    [InlineData("history/chrome_all_logs_list_2026-04-21_v85.52")]
    [InlineData("history/chrome_all_logs_list_2026-05-28_v85.90")]
    [InlineData("history/chrome_all_logs_list_2026-08-20_v89.25")]
    [InlineData("variants/log_list")]
    public async Task K1_every_real_list_of_Chromes_is_believed_and_with_one_changed_byte_is_not(string name)
    {
        byte[] json = SharedData.Bytes("loglist", $"{name}.json");
        string file = Path.Combine(_folder, "list.json");
        await File.WriteAllBytesAsync(file, json, Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(_folder, "list.sig"), SharedData.Bytes("loglist", $"{name}.sig"), Cancellation);
        LogListSource Source() => _asking.Sources.List(new LogListOptions(file, ListSigner.Chrome), _folder);
        Assert.NotEmpty((await Source().RefreshAsync(Cancellation)).Logs);

        json[json.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, json, Cancellation);

        var e = await Assert.ThrowsAsync<LogListUnavailableException>(() => Source().RefreshAsync(Cancellation));
        Assert.Contains("signature of Chrome", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void K1_in_every_real_list_a_log_that_is_taken_has_the_id_of_its_key_and_one_that_is_not_has_a_reason()
    {
        string[] files = Directory.GetFiles(SharedData.PathOf("loglist"), "*.json", SearchOption.AllDirectories);
        int logs = 0, refused = 0;
        foreach (string file in files)
        {
            if (!LogList.TryRead(File.ReadAllBytes(file), out LogList? list, out _)) continue;
            Assert.All(list.Logs, log => Assert.Equal(SHA256.HashData(log.Key.Spki.Span), log.Id.Value.ToArray()));
            Assert.All(list.Logs, log => Assert.DoesNotContain("example.com", log.Url.Host, StringComparison.Ordinal));
            Assert.All(list.Refused, one => Assert.NotEmpty(one.Reason));
            (logs, refused) = (logs + list.Logs.Count, refused + list.Refused.Count);
        }
        Assert.True(logs > 1_500 && refused > 0, $"{logs} logs, {refused} refused in {files.Length} lists");
    }

    [Fact]
    public async Task Rule_7_1_the_signature_is_asked_for_beside_the_list_under_the_same_query()
    {
        await using ScriptedServer server = await ServeAsync();
        Serve("1.1");

        LogList list = await Source(server, "v3/list.json?a=b").RefreshAsync(Cancellation);

        Assert.Equal("1.1", list.Version);
        Assert.Equal(["/v3/list.json?a=b", "/v3/list.sig?a=b"], server.Requests);
        Assert.Equal([".json", ".sig"], Directory.GetFiles(_folder).Select(file => Path.GetExtension(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task F38_a_list_with_a_bad_signature_is_fetched_again_three_times_and_then_the_old_one_is_kept_with_a_warning()
    {
        await using ScriptedServer server = await ServeAsync();
        LogListSource source = Source(server);
        Serve("1.1");
        await source.RefreshAsync(Cancellation);
        Serve("1.2");
        _served["list.sig"] = Key.SignData("another list"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        for (int refetch = 1; refetch <= LogListSource.Refetches; refetch++)
        {
            server.Requests.Clear();
            Assert.Equal("1.1", (await source.RefreshAsync(Cancellation)).Version);
            Assert.True(source.IsToRefetch);
            Assert.Equal(["/list.json", "/list.sig"], server.Requests);
            Assert.Empty(_asking.Log.Lines);
        }
        Assert.Equal("1.1", (await source.RefreshAsync(Cancellation)).Version);

        Assert.False(source.IsToRefetch);
        Assert.Contains("does not bear the signature of a test. Version 1.1 stays in force", Assert.Single(_asking.Log.Lines), StringComparison.Ordinal);

        await source.RefreshAsync(Cancellation);
        Assert.True(source.IsToRefetch);
        Serve("1.2");
        Assert.Equal("1.2", (await source.RefreshAsync(Cancellation)).Version);
        Assert.False(source.IsToRefetch);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("other")]
    [InlineData("cut")]
    public async Task F38_a_signed_list_is_not_believed_without_its_signature(string signature)
    {
        await using ScriptedServer server = await ServeAsync();
        Serve("1.1");
        byte[] good = _served["list.sig"]!;
        using var other = RSA.Create(2048);
        _served["list.sig"] = signature switch
        {
            "missing" => null,
            "empty" => [],
            "other" => other.SignData(_served["list.json"]!, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => good[..^1],
        };

        await Assert.ThrowsAsync<LogListUnavailableException>(() => Source(server).RefreshAsync(Cancellation));

        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task Rule_7_4_a_start_without_network_goes_on_with_the_signed_copy_but_not_with_a_changed_one()
    {
        string location;
        await using (ScriptedServer server = await ServeAsync())
        {
            Serve("1.1");
            await Source(server).RefreshAsync(Cancellation);
            location = $"{server.Url}list.json";
        }
        DateTimeOffset fetched = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromHours(30));

        LogListSource restarted = _asking.Sources.List(new LogListOptions(location, Signer), _folder);
        Assert.Equal("1.1", (await restarted.RefreshAsync(Cancellation)).Version);
        Assert.Equal(fetched, restarted.RefreshedAt);

        string copy = Directory.GetFiles(_folder, "*.json").Single();
        await File.WriteAllTextAsync(copy, (await File.ReadAllTextAsync(copy, Cancellation)).Replace("1.1", "1.9", StringComparison.Ordinal), Cancellation);
        await Assert.ThrowsAsync<LogListUnavailableException>(
            () => _asking.Sources.List(new LogListOptions(location, Signer), _folder).RefreshAsync(Cancellation));
    }

    [Fact]
    public async Task A_copy_whose_keeping_was_cut_between_signature_and_list_is_still_of_use()
    {
        string location;
        await using (ScriptedServer server = await ServeAsync())
        {
            LogListSource source = Source(server);
            location = source.Location;
            Serve("1.1");
            await source.RefreshAsync(Cancellation);
            string copy = Directory.GetFiles(_folder, "*.json").Single();
            byte[] old = await File.ReadAllBytesAsync(copy, Cancellation);
            Serve("1.2");
            await source.RefreshAsync(Cancellation);
            File.Move(copy, $"{copy}.new");
            await File.WriteAllBytesAsync(copy, old, Cancellation);
        }

        LogList list = await _asking.Sources.List(new LogListOptions(location, Signer), _folder).RefreshAsync(Cancellation);

        Assert.Equal("1.2", list.Version);
    }

    [Fact]
    public async Task Rule_7_4_an_unchanged_list_counts_as_fresh_also_after_a_restart()
    {
        await using ScriptedServer server = await ServeAsync();
        Serve("1.1");
        LogListSource source = Source(server);
        await source.RefreshAsync(Cancellation);
        _time.Advance(TimeSpan.FromHours(5));
        _served["etag"] = [];

        await source.RefreshAsync(Cancellation);

        Assert.Equal(_time.GetUtcNow(), source.RefreshedAt);
        Assert.Equal(_time.GetUtcNow().UtcDateTime, File.GetLastWriteTimeUtc(Directory.GetFiles(_folder, "*.json").Single()));
    }

    [Fact]
    public async Task F38_after_a_restart_too_an_older_version_does_not_replace_a_newer_one_and_is_not_fresh()
    {
        await using ScriptedServer server = await ServeAsync();
        Serve("2.10");
        await Source(server).RefreshAsync(Cancellation);
        DateTimeOffset fetched = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromHours(1));
        Serve("2.9");

        LogListSource restarted = Source(server);
        Assert.Equal("2.10", (await restarted.RefreshAsync(Cancellation)).Version);
        Assert.Equal("2.10", (await restarted.RefreshAsync(Cancellation)).Version);

        Assert.Equal(fetched, restarted.RefreshedAt);
        Assert.DoesNotContain(_asking.Outcomes, outcome => outcome == "not_modified");
    }

    [Fact]
    public void A_signers_key_is_read_from_PEM_and_what_is_none_says_why()
    {
        string file = Path.Combine(_folder, "key.pem");
        File.WriteAllText(file, Key.ExportSubjectPublicKeyInfoPem());
        Assert.Equal(Signer.Key.ToArray(), ListSigner.OfFile(file, out string? problem)!.Key.ToArray());
        Assert.Null(problem);

        using var small = RSA.Create(1024);
        File.WriteAllText(file, small.ExportSubjectPublicKeyInfoPem());
        Assert.Null(ListSigner.OfFile(file, out problem));
        Assert.Contains("1024 bits", problem, StringComparison.Ordinal);

        File.WriteAllText(file, "no key");
        Assert.Null(ListSigner.OfFile(file, out problem));
        Assert.Contains("holds no RSA key", problem, StringComparison.Ordinal);

        Assert.Null(ListSigner.OfFile(Path.Combine(_folder, "nowhere.pem"), out problem));
        Assert.Contains("cannot be read", problem, StringComparison.Ordinal);
    }

    private LogListSource Source(ScriptedServer server, string path = "list.json") =>
        _asking.Sources.List(new LogListOptions($"{server.Url}{path}", Signer), _folder);

    private void Serve(string version)
    {
        byte[] json = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"version":"{{version}}","operators":[]}"""));
        (_served["list.json"], _served["list.sig"]) = (json, Key.SignData(json, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private Task<ScriptedServer> ServeAsync() => ScriptedServer.StartAsync(async context =>
    {
        string name = context.Request.Path.Value!.Split('/')[^1];
        context.Response.Headers.ETag = "\"a\"";
        if (_served.ContainsKey("etag") && context.Request.Headers.IfNoneMatch == "\"a\"") context.Response.StatusCode = 304;
        else if (_served[name] is { } body) await context.Response.Body.WriteAsync(body);
        else context.Response.StatusCode = 404;
    });
}
