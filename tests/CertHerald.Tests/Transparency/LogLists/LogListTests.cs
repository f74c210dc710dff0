using System.Text;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.LogLists;

/// <summary>K1, K2; ct.md §7.</summary>
public class LogListTests
{
    [Theory]
    [InlineData("chrome_all_logs_list", "89.25", 42, 75)]
    [InlineData("history/chrome_all_logs_list_2026-02-27_v84.14", "84.14", null, null)]
    [InlineData("history/chrome_all_logs_list_2026-04-21_v85.52", "85.52", null, null)]
    [InlineData("history/chrome_all_logs_list_2026-05-28_v85.90", "85.90", null, null)]
    [InlineData("history/chrome_all_logs_list_2026-08-20_v89.25", "89.25", 42, 75)]
    [InlineData("chrome_log_list_80.14", "80.14", 49, 26)]
    [InlineData("variants/log_list", "12.6", null, 0)]
    public void Chromes_lists_are_signed_and_read(string name, string version, int? rfc6962, int? tiled)
    {
        byte[] json = SharedData.Bytes("loglist", $"{name}.json"), signature = SharedData.Bytes("loglist", $"{name}.sig");
        byte[] key = SharedData.Bytes("loglist", "chrome_log_list_pubkey.pem");
        Assert.True(LogListSignature.Verify(json, signature, key));

        LogList list = Read(json);
        Assert.Equal(version, list.Version);
        Assert.NotNull(list.Timestamp);
        if (rfc6962 is not null) Assert.Equal(rfc6962, Count(list, LogProtocol.Rfc6962));
        if (tiled is not null) Assert.Equal(tiled, Count(list, LogProtocol.StaticCt));

        json[json.Length / 2] ^= 1;
        Assert.False(LogListSignature.Verify(json, signature, key));
        json[json.Length / 2] ^= 1;
        signature[9] ^= 1;
        Assert.False(LogListSignature.Verify(json, signature, key));
        Assert.False(LogListSignature.Verify(json, [], key));
        Assert.False(LogListSignature.Verify(json, signature, "-----BEGIN"u8));
    }

    [Theory]
    [InlineData("apple_current_log_list", 135, 31)]
    [InlineData("crtsh_all_logs_list", 197, 112)]
    [InlineData("crtsh_active_logs_list", 71, 81)]
    [InlineData("chrome_log_list_81.14", 49, 26)]
    [InlineData("variants/log_list_tiled_logs", null, null)]
    public void Other_dialects_are_read_and_what_cannot_be_used_is_refused_with_a_reason(string name, int? rfc6962, int? tiled)
    {
        LogList list = Read(SharedData.Bytes("loglist", $"{name}.json"));
        Assert.NotEmpty(list.Logs);
        if (rfc6962 is not null) Assert.Equal(rfc6962 + tiled, list.Logs.Count + list.Refused.Count);
        Assert.All(list.Refused, refused => Assert.NotEmpty(refused.Reason));
        Assert.All(list.Logs, log => Assert.EndsWith("/", log.Url.AbsoluteUri, StringComparison.Ordinal));
    }

    [Fact]
    public void Mozillas_list_names_logs_without_addresses_so_each_is_refused()
    {
        LogList list = Read(SharedData.Bytes("loglist", "mozilla_known_logs_list.json"));
        Assert.Empty(list.Logs);
        Assert.Equal(26 + 22, list.Refused.Count);
        Assert.Contains(list.Refused, refused => refused is { Name: "Google 'Argon2026h2' log", Operator: "Google" });
    }

    [Fact]
    public void A_cut_list_is_refused_whole()
    {
        Assert.False(LogList.TryRead(SharedData.Bytes("loglist", "variants", "log_list_incomplete.json"), out LogList? list, out var problems));
        Assert.Null(list);
        Assert.Single(problems);
    }

    [Fact]
    public void Members_of_real_logs_are_read()
    {
        LogList list = Read(SharedData.Bytes("loglist", "chrome_all_logs_list.json"));
        LogDescription argon = list.Logs.Single(log => log.Id.ToString() == "1tWNqdAXU/NqSqDHV0kCr+vH3CzTjNn3ZMgMiRkenwI=");
        Assert.Equal("Google", argon.Operator);
        Assert.Equal("Google 'Argon2027h1'", argon.Description);
        Assert.Equal("https://ct.googleapis.com/logs/us1/argon2027h1/", argon.Url.AbsoluteUri);
        Assert.Equal("ct.googleapis.com/logs/us1/argon2027h1", argon.Origin);
        Assert.Equal((LogState.Usable, LogProtocol.Rfc6962, TimeSpan.FromDays(1)), (argon.State, argon.Protocol, argon.Mmd));
        Assert.Equal(new DateTimeOffset(2027, 7, 1, 0, 0, 0, TimeSpan.Zero), argon.TemporalInterval?.End);

        LogDescription parcelyard = list.Logs.Single(log => log.Id.ToString() == "utuIpG+cr6QJDoLlk1bbbni0pT9YLbCBl5UkLym2jJg=");
        Assert.Equal("parcelyard2026h2.prod.certificate.transparency.goog", parcelyard.Origin);
        Assert.Equal(LogProtocol.StaticCt, parcelyard.Protocol);
        Assert.NotNull(parcelyard.SubmissionUrl);
        Assert.Contains(list.Logs, log => log.State == LogState.Rejected);
        Assert.Contains(list.Logs, log => log is { State: LogState.Readonly, FinalTreeHead: not null });
    }

    [Fact]
    public void Versions_are_compared_by_their_numbers()
    {
        LogList v9 = Read("""{"version":"85.9","operators":[]}"""u8), v52 = Read("""{"version":"85.52","operators":[]}"""u8);
        LogList none = Read("""{"operators":[]}"""u8);
        Assert.True(v9.IsOlderThan(v52));
        Assert.False(v52.IsOlderThan(v9));
        Assert.False(v9.IsOlderThan(v9));
        Assert.False(v9.IsOlderThan(none));
        Assert.False(none.IsOlderThan(v9));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"url\":\"https://ct.example.com/log\"", "place-holder")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"url\":\"https://EXAMPLE.org./\"", "place-holder")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"url\":\"http://localhost/\"", "place-holder")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"url\":\"ftp://ct.a.de/\"", "not an HTTP(S) prefix")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"url\":\"https://u:p@ct.a.de/\"", "not an HTTP(S) prefix")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"url\":\"https://ct.a.de/?x=\"", "not an HTTP(S) prefix")]
    [InlineData("\"url\":\"https://ct.a.de/log\"", "\"uri\":\"https://ct.a.de/\"", "no url")]
    [InlineData("\"url\":", "\"monitoring_url\":\"https://m.a.de/\",\"url\":", "both")]
    [InlineData("\"log_id\":\"", "\"log_id\":\"AAAA", "SHA-256")]
    [InlineData("\"log_id\":", "\"id\":", "SHA-256")]
    [InlineData("\"key\":\"M", "\"key\":\"N", "")]
    [InlineData("\"key\":", "\"kee\":", "key is missing")]
    public void Rule_7_2_a_faulty_entry_is_refused_alone(string good, string bad, string reason = "-")
    {
        using var log = new SigningLog();
        string entry = $$"""
            {"description":"A","log_id":"{{log.Key.Id}}","key":"{{Convert.ToBase64String(log.Key.Spki.Span)}}","url":"https://ct.a.de/log","mmd":60}
            """;
        string changed = good.Length == 0 ? entry : entry.Replace(good, bad, StringComparison.Ordinal);
        LogList list = Read(Encoding.UTF8.GetBytes($$"""{"operators":[{"name":"O","logs":[{{changed}},7,{{entry}}]}]}"""));

        LogDescription last = list.Logs[^1];
        Assert.Equal(("https://ct.a.de/log/", "ct.a.de/log", 60d), (last.Url.AbsoluteUri, last.Origin, last.Mmd.TotalSeconds));
        Assert.Equal(good.Length == 0 ? 2 : 1, list.Logs.Count);
        if (good.Length == 0) return;
        Assert.Equal(2, list.Refused.Count);
        Assert.Equal(("A", "O"), (list.Refused[0].Name, list.Refused[0].Operator));
        Assert.Contains(reason, list.Refused[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tiled_log_without_both_addresses_is_refused()
    {
        using var log = new SigningLog();
        string entry = $$""" "log_id":"{{log.Key.Id}}","key":"{{Convert.ToBase64String(log.Key.Spki.Span)}}" """;
        string final = $$"""{"tree_size":5,"sha256_root_hash":"{{MerkleHash.OfEmptyTree}}" }""";
        LogList list = Read(Encoding.UTF8.GetBytes($$"""
            {"operators":[{"name":"O","tiled_logs":[
              { {{entry}},"monitoring_url":"https://m.a.de"},
              { {{entry}},"submission_url":"https://s.a.de"},
              { {{entry}},"monitoring_url":"https://m.a.de","submission_url":"https://s.a.de/x","log_type":"test",
                "state":{"readonly":{"final_tree_head":{{final}} } } }
            ]}]}
            """));
        Assert.Equal(2, list.Refused.Count);
        LogDescription good = Assert.Single(list.Logs);
        Assert.Equal(("https://m.a.de/", "s.a.de/x", "test"), (good.Url.AbsoluteUri, good.Origin, good.LogType));
        Assert.Equal((LogState.Readonly, new FinalTreeHead(new TreeSize(5), MerkleHash.OfEmptyTree)), (good.State, good.FinalTreeHead));
    }

    [Fact]
    public void Configured_logs_may_be_local_and_plain()
    {
        using var log = new SigningLog();
        LogDescription custom = LogDescription.Custom(log.Key, LogProtocol.StaticCt, "http://127.0.0.1:8080");
        Assert.Equal(("http://127.0.0.1:8080/", "127.0.0.1:8080"), (custom.Url.AbsoluteUri, custom.Origin));
        Assert.Equal(log.Key.Id, custom.Id);
        Assert.Throws<ArgumentException>(() => LogDescription.Custom(log.Key, LogProtocol.StaticCt, "file:///etc/passwd"));
    }

    private static int Count(LogList list, LogProtocol protocol) =>
        list.Logs.Count(log => log.Protocol == protocol) + (protocol == LogProtocol.Rfc6962 ? list.Refused.Count : 0);

    private static LogList Read(ReadOnlySpan<byte> json)
    {
        Assert.True(LogList.TryRead(json, out LogList? list, out IReadOnlyList<string> problems), string.Join("; ", problems));
        return list;
    }
}
