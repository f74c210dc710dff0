using System.Security.Cryptography;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;
using LogKey = CertHerald.Transparency.Logs.LogKey;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>One follower over real HTTP, mostly against a log that can lie.</summary>
public sealed class LogFollowerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "end", 0)]
    [InlineData(LogProtocol.Rfc6962, "start", 4)]
    [InlineData(LogProtocol.Rfc6962, "299", 2)]
    [InlineData(LogProtocol.Rfc6962, "300", 1)]
    [InlineData(LogProtocol.Rfc6962, "4711", 0)]
    [InlineData(LogProtocol.StaticCt, "end", 0)]
    [InlineData(LogProtocol.StaticCt, "start", 4)]
    [InlineData(LogProtocol.StaticCt, "299", 2)]
    [InlineData(LogProtocol.StaticCt, "300", 1)]
    [InlineData(LogProtocol.StaticCt, "4711", 0)]
    public async Task Rule_11_1_A_log_is_begun_where_it_is_said_and_nothing_older_is_told(LogProtocol protocol, string start, int issuances)
    {
        await using LyingLog log = await GrowAsync(protocol, 301, 0, 256, 299, 300);
        await using var rig = new FollowingRig(".example.com");
        Assert.True(LogStart.TryParse(start, out LogStart parsed));

        await rig.FollowToAsync(log.Description, 301, parsed);

        Assert.Equal(LogPosition.At(log.FrontierAt(301)), await rig.PositionAsync(log.Description));
        Assert.Equal(issuances, (await rig.IssuancesAsync()).Count);
        StoredLog stored = Assert.Single(await rig.Store.LogsAsync(Cancellation));
        Assert.Equal((301UL, 301UL), (stored.HeadSize!.Value.Value, stored.Proven.Value));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962, true)]
    [InlineData(LogProtocol.StaticCt, true)]
    [InlineData(LogProtocol.Rfc6962, false)]
    public async Task What_nobody_watches_can_be_searched_if_the_index_takes_all_and_tells_nobody(LogProtocol protocol, bool takesAll)
    {
        await using LyingLog log = await GrowAsync(protocol, 40, 7, 30);
        using var ca = new TestCa();
        log.Log.AddChain(ca.Issue("shop.certherald.test", "*.certherald.test").Chain);
        log.Log.Publish();
        await using var rig = new FollowingRig(".example.com") { Index = new IndexOptions { TakesAll = takesAll } };

        await rig.FollowToAsync(log.Description, 41);

        StoredCertificate? found = (await rig.Store.SearchCertificatesAsync(new CertificateQuery("certherald.test") { IncludeBelow = true }, Cancellation)).SingleOrDefault();
        Assert.Equal(takesAll, found is not null);
        if (found is not null) Assert.Null(found.Der);
        Assert.Equal(2, (await rig.IssuancesAsync()).Count);
        Assert.Equal(2, (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task The_next_process_goes_on_exactly_where_the_last_one_stopped(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, 300, 7, 290);
        await using var rig = new FollowingRig(".example.com");
        await rig.FollowToAsync(log.Description, 300);
        using var ca = new TestCa();
        log.Log.AddChain(ca.Issue("new.example.com").Chain);
        log.Log.Publish();
        await rig.RestartAsync();
        log.Forget();

        FollowedLog again = await rig.FollowToAsync(log.Description, 301, LogStart.End);

        Assert.Equal(1, again.Entries);
        Assert.Equal(["n7.example.com", "n290.example.com", "new.example.com"], (await rig.IssuancesAsync()).Select(one => one.Certificate.DnsNames[0]));
        Assert.DoesNotContain(log.Requests, path => path.Contains("start=0", StringComparison.Ordinal) || path == "tile/data/000");
        Assert.All(await rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
    }

    [Fact]
    public async Task In_catch_up_alerts_come_before_the_proof_and_are_proven_at_the_head()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, 600, maxEntriesPerAnswer: 100, watched: [5, 599]);
        await using var rig = new FollowingRig(".example.com");
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        log.Lie = async (path, _, _) =>
        {
            if (!path.Contains("start=500", StringComparison.Ordinal)) return false;
            reached.TrySetResult();
            await goOn.Task.WaitAsync(TimeSpan.FromSeconds(30));
            return false;
        };

        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.True(await rig.Bell.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        Sighting early = Assert.Single(await rig.SightingsAsync());
        Assert.False(early.Proven);
        Assert.Single(await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal(0UL, (await rig.PositionAsync(log.Description)).Proven.Size.Value);

        goOn.SetResult();
        await rig.ReachAsync(followed, 600);
        Assert.Equal([true, true], (await rig.SightingsAsync()).Select(sighting => sighting.Proven));
        Assert.Equal((600UL, 600UL), (followed.Standing.Position.Value, followed.Standing.Proven.Value));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task An_entry_changed_once_on_its_way_heals_and_is_told_once(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, 100, 50);
        await using var rig = new FollowingRig(".example.com");
        int lies = 0;
        log.Lie = (path, context, body) => ChangeAsync(path, context, body, () => lies++ == 0);

        await rig.FollowToAsync(log.Description, 100);

        Assert.InRange(lies, 2, 10);
        Assert.Equal(LogPosition.At(log.FrontierAt(100)), await rig.PositionAsync(log.Description));
        Assert.True(Assert.Single(await rig.SightingsAsync()).Proven);
        Assert.Single(await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        // A tile is fetched once more before it counts.
        Assert.Equal(protocol == LogProtocol.Rfc6962 ? 1 : 0, (await rig.Store.IncidentsAsync(10, Cancellation)).Count);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task An_entry_that_stays_changed_is_an_incident_its_alert_arrives_and_reading_goes_on_behind_it(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, 100, 50);
        await using var rig = new FollowingRig(".example.com");
        log.Lie = (path, context, body) => ChangeAsync(path, context, body, () => true);

        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning);
        await rig.ReachAsync(followed, 100);

        Incident incident = Assert.Single(await rig.Store.IncidentsAsync(10, Cancellation));
        Assert.Equal(("root_mismatch", log.Description.Id), (incident.Kind, incident.Log));
        // The first entry is the changed one. Only in a tiled log can that be told.
        bool isTold = protocol == LogProtocol.StaticCt;
        Assert.Equal(isTold, Assert.Single(await rig.SightingsAsync()).Proven);
        Assert.Single(await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal(LogPosition.At(log.FrontierAt(100)), await rig.PositionAsync(log.Description));

        using var ca = new TestCa();
        log.Lie = (_, _, _) => Task.FromResult(false);
        log.Log.AddChain(ca.Issue("later.example.com").Chain);
        log.Log.Publish();
        await rig.ReachAsync(followed, 101);

        Assert.Equal([isTold, true], (await rig.SightingsAsync()).Select(sighting => sighting.Proven));
        Assert.Single(await rig.Store.IncidentsAsync(10, Cancellation));
    }

    [Fact]
    public async Task Behind_a_tile_that_lies_every_other_entry_of_the_log_is_read()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.StaticCt, 3_000, 50, 1_500, 2_999);
        await using var rig = new FollowingRig(".example.com");
        log.Lie = (path, context, body) => ChangeAsync(path, context, body, () => true);

        await rig.FollowToAsync(log.Description, 3_000);

        Assert.Equal([true, true, true], (await rig.SightingsAsync()).Select(sighting => sighting.Proven));
        Assert.Equal("entries 0 to 1 do not give the root that the log signed for 3000 entries", Assert.Single(await rig.Store.IncidentsAsync(10, Cancellation)).Summary);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task A_second_tree_of_the_same_size_is_a_fork_even_when_all_is_read(LogProtocol protocol)
    {
        var key = new SigningKey();
        byte[] head = Head(protocol, key, 0, MerkleHash.OfEmptyTree);
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context => await context.Response.Body.WriteAsync(Volatile.Read(ref head)));
        await using var rig = new FollowingRig(".example.com");
        LogDescription log = LogDescription.Custom(key.Public, protocol, server.Url.AbsoluteUri, protocol == LogProtocol.StaticCt ? "https://forked.example/" : null, "forked");
        FollowedLog followed = rig.Follow(log, LogStart.End);
        await rig.Time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        Assert.Empty(await rig.Store.IncidentsAsync(10, Cancellation));

        Volatile.Write(ref head, Head(protocol, key, 0, MerkleHash.OfLeaf("another tree"u8)));
        await rig.LookAgainAsync(followed);

        Assert.Equal("fork", Assert.Single(await rig.Store.IncidentsAsync(10, Cancellation)).Kind);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task An_older_head_of_another_front_end_is_waited_out_without_an_incident(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, 20, 3);
        byte[] old = await AskAsync(log, protocol == LogProtocol.Rfc6962 ? "ct/v1/get-sth" : "tiles/checkpoint");
        using var ca = new TestCa();
        log.Log.AddChain(ca.Issue("second.example.com").Chain);
        log.Log.Publish();
        await using var rig = new FollowingRig(".example.com");
        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning);
        await rig.ReachAsync(followed, 21);

        log.Lie = (path, context, _) => IsHead(path) ? AnswerAsync(context, old) : Task.FromResult(false);
        await rig.LookAgainAsync(followed);
        Assert.Equal(FollowState.Following, followed.Standing.State);
        log.Lie = (_, _, _) => Task.FromResult(false);
        log.Log.AddChain(ca.Issue("third.example.com").Chain);
        log.Log.Publish();
        await rig.ReachAsync(followed, 22);

        Assert.Empty(await rig.Store.IncidentsAsync(10, Cancellation));
        Assert.Equal(3, (await rig.IssuancesAsync()).Count);
    }

    [Fact]
    public async Task One_tree_in_both_protocols_gives_one_issuance_each_with_a_sighting_in_both_and_the_issuers_key()
    {
        using var ca = new TestCa();
        await using var log = new Log();
        TestPrecertificate precertificate = ca.IssuePrecertificate("a.example.com");
        log.AddChain(precertificate.Final(log.AddPreChain(precertificate.Chain).Sct.Serialize()).Chain);
        log.AddChain(ca.Issue("b.example.com", "192.0.2.1").Chain);
        log.AddChain(ca.Issue("c.example.org").Chain);
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: Cancellation);
        await using var rig = new FollowingRig(".example.com", "192.0.2.1");

        // The tiled side first: its issuers are looked up by fingerprint.
        await rig.FollowToAsync(Describe(log.StaticCtKey, LogProtocol.StaticCt, server.MonitoringUrl, server.SubmissionUrl), 4);
        Assert.All(await rig.IssuancesAsync(), one => Assert.Equal(CertificateReading.PubkeySha256Of(ca.Intermediate.RawData), one.Certificate.IssuerPubkeySha256));
        foreach (Issuance one in await rig.IssuancesAsync()) Assert.Equal([ca.Intermediate.RawData, ca.Root.RawData], await rig.Store.ChainAsync(one.Id, Cancellation));
        await rig.FollowToAsync(Describe(log.Rfc6962Key, LogProtocol.Rfc6962, server.Url, null), 4);

        IReadOnlyList<Issuance> issuances = await rig.IssuancesAsync();
        Assert.Equal(["a.example.com", "b.example.com"], issuances.Select(one => one.Certificate.DnsNames[0]));
        Assert.False(issuances[0].Certificate.IsPrecertificate);
        Assert.Equal([4, 2], (await Task.WhenAll(issuances.Select(one => rig.Store.SightingsAsync(one.Id, Cancellation)))).Select(sightings => sightings.Count));
        Assert.All(await rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
        Assert.Equal(2, (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Fact]
    public async Task A_missing_issuer_delays_no_alert()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.StaticCt, 10, 5);
        log.Lie = (path, context, _) =>
        {
            if (!path.Contains("/issuer/", StringComparison.Ordinal)) return Task.FromResult(false);
            context.Response.StatusCode = 500;
            return Task.FromResult(true);
        };
        await using var rig = new FollowingRig(".example.com");

        await rig.FollowToAsync(log.Description, 10);

        Assert.Null(Assert.Single(await rig.IssuancesAsync()).Certificate.IssuerPubkeySha256);
    }

    [Fact]
    public async Task A_chain_ends_before_the_first_certificate_that_the_log_lacks_and_a_later_sighting_adds_the_rest()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.StaticCt, 0);
        using var ca = new TestCa();
        TestPrecertificate precertificate = ca.IssuePrecertificate("a.example.com");
        byte[] sct = log.Log.AddPreChain(precertificate.Chain).Sct.Serialize();
        log.Log.AddPreChain(ca.IssuePrecertificate("b.example.com").Chain);
        log.Log.Publish();
        string root = $"issuer/{Convert.ToHexStringLower(SHA256.HashData(ca.Root.RawData))}";
        log.Lie = (path, context, _) =>
        {
            if (!path.EndsWith(root, StringComparison.Ordinal)) return Task.FromResult(false);
            context.Response.StatusCode = 404;
            return Task.FromResult(true);
        };
        await using var rig = new FollowingRig(".example.com");
        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning);
        await rig.ReachAsync(followed, 2);
        Assert.Equal([ca.Intermediate.RawData], await rig.Store.ChainAsync(1, Cancellation));
        // Two findings lack it: it is asked for once.
        Assert.Single(log.Requests, root);

        log.Lie = (_, _, _) => Task.FromResult(false);
        log.Log.AddChain(precertificate.Final(sct).Chain);
        log.Log.Publish();
        await rig.ReachAsync(followed, 3);

        Assert.Equal(2, (await rig.IssuancesAsync()).Count);
        Assert.Equal([ca.Intermediate.RawData, ca.Root.RawData], await rig.Store.ChainAsync(1, Cancellation));
    }

    [Fact]
    public async Task Rule_5_10_An_issuer_that_does_not_answer_is_waited_for_five_seconds()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.StaticCt, 10, 5);
        var asked = new TaskCompletionSource();
        log.Lie = async (path, context, _) =>
        {
            if (!path.Contains("/issuer/", StringComparison.Ordinal)) return false;
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        await using var rig = new FollowingRig(".example.com");
        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning);

        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.Empty(await rig.IssuancesAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        await rig.ReachAsync(followed, 10);

        Assert.Single(await rig.IssuancesAsync());
    }

    [Fact]
    public async Task A_broken_entry_is_told_as_malformed_and_holds_nothing_up()
    {
        using var ca = new TestCa();
        await using var log = new Log();
        log.AddChain(ca.Issue("a.example.com").Chain);
        log.AddEntry([0, 0, 1, 2, 3], []);
        log.AddChain(ca.Issue("b.example.com").Chain);
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: Cancellation);
        await using var rig = new FollowingRig(".example.com");

        FollowedLog followed = await rig.FollowToAsync(Describe(log.Rfc6962Key, LogProtocol.Rfc6962, server.Url, null), 3);

        Assert.Equal((3L, 1L, 2L), (followed.Entries, followed.Malformed, followed.Matches));
        Assert.Equal([0, 0, 1, 2, 3], (await rig.Store.FindMalformedAsync(1, Cancellation))!.Entry);
        Assert.Equal(3, (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Fact]
    public async Task The_recorded_server_is_followed_from_entry_256_over_both_of_its_heads()
    {
        var recorded = new RecordedServer();
        await using ScriptedServer server = await ScriptedServer.StartAsync(recorded.AnswerAsync);
        await using var rig = new FollowingRig(new ManualTime(RecordedServer.Recorded), ".");
        LogDescription log = RecordedServer.Describe(server.Url);
        await rig.Store.BeginLogAsync(log, recorded.FrontierAt256(), Cancellation);

        FollowedLog followed = rig.Follow(log, LogStart.End);
        await rig.ReachAsync(followed, 400);
        Assert.Equal(recorded.RootAt(400), (await rig.PositionAsync(log)).Proven.Root().ToBase64());
        recorded.Size = 700;
        await rig.ReachAsync(followed, 700);

        Assert.Equal(recorded.RootAt(700), (await rig.PositionAsync(log)).Proven.Root().ToBase64());
        Assert.Equal(444, followed.Entries);
        IReadOnlyList<Sighting> sightings = await rig.SightingsAsync();
        Assert.InRange(sightings.Count, 400, 444);
        Assert.All(sightings, sighting => Assert.True(sighting.Proven));
        Assert.Empty(await rig.Store.IncidentsAsync(10, Cancellation));
    }

    [Fact]
    public async Task One_changed_byte_in_a_recorded_entry_is_an_incident_and_the_entry_is_still_read()
    {
        var recorded = new RecordedServer();
        System.Text.Json.Nodes.JsonObject entry = recorded.Entries[300 - 256]!.AsObject();
        byte[] leaf = Convert.FromBase64String((string)entry["leaf_input"]!);
        leaf[9] ^= 1;
        entry["leaf_input"] = Convert.ToBase64String(leaf);
        await using ScriptedServer server = await ScriptedServer.StartAsync(recorded.AnswerAsync);
        await using var rig = new FollowingRig(new ManualTime(RecordedServer.Recorded), ".");
        LogDescription log = RecordedServer.Describe(server.Url);
        await rig.Store.BeginLogAsync(log, recorded.FrontierAt256(), Cancellation);

        FollowedLog followed = rig.Follow(log, LogStart.End);
        // The log cannot prove 400 without a proof call that was recorded for it: following fails, and starts again from the store.
        await Assert.ThrowsAnyAsync<LogUnavailableException>(() => rig.ReachAsync(followed, 400));

        Assert.Equal("root_mismatch", Assert.Single(await rig.Store.IncidentsAsync(10, Cancellation)).Kind);
        Assert.Equal(256UL, (await rig.PositionAsync(log)).Read.Size.Value);
        Assert.Contains(await rig.SightingsAsync(), sighting => sighting.Index.Value == 300);
        Assert.All(await rig.SightingsAsync(), sighting => Assert.False(sighting.Proven));
    }

    /// <summary>A log of noise in which some entries show <c>nINDEX.example.com</c>.</summary>
    private static Task<LyingLog> GrowAsync(LogProtocol protocol, int entries, params int[] watched) => GrowAsync(protocol, entries, 1_000, watched);

    private static async Task<LyingLog> GrowAsync(LogProtocol protocol, int entries, int maxEntriesPerAnswer, int[] watched)
    {
        LyingLog log = await LyingLog.StartAsync(protocol, 0, maxEntriesPerAnswer);
        using var ca = new TestCa();
        byte[][] others = [.. Enumerable.Range(0, 4).Select(i => ca.Issue(Some.Numbered("other", i) + ".example.org").Der)];
        for (int i = 0; i < entries; i++)
            if (watched.Contains(i)) log.Log.AddChain(ca.Issue(Some.Numbered("n", i) + ".example.com").Chain);
            else log.Log.AddChain([others[i % 4], ca.Intermediate.RawData, ca.Root.RawData]);
        log.Log.Publish();
        return log;
    }

    /// <summary>Changes the timestamp of the first entry in answers that hold entry 0.</summary>
    private static async Task<bool> ChangeAsync(string path, HttpContext context, byte[] body, Func<bool> shall)
    {
        if (path.Contains("tile/data/000", StringComparison.Ordinal))
        {
            if (!shall()) return false;
            body[7] ^= 1;
            return await AnswerAsync(context, body);
        }
        if (!path.Contains("get-entries?start=0", StringComparison.Ordinal) || !shall()) return false;

        System.Text.Json.Nodes.JsonNode answer = System.Text.Json.Nodes.JsonNode.Parse(body)!;
        byte[] leaf = Convert.FromBase64String((string)answer["entries"]![0]!["leaf_input"]!);
        leaf[9] ^= 1;
        answer["entries"]![0]!["leaf_input"] = Convert.ToBase64String(leaf);
        return await AnswerAsync(context, System.Text.Encoding.UTF8.GetBytes(answer.ToJsonString()));
    }

    private static async Task<bool> AnswerAsync(HttpContext context, byte[] body)
    {
        await context.Response.Body.WriteAsync(body);
        return true;
    }

    private static bool IsHead(string path) => path.EndsWith("get-sth", StringComparison.Ordinal) || path.EndsWith("checkpoint", StringComparison.Ordinal);

    private static async Task<byte[]> AskAsync(LyingLog log, string path)
    {
        using var client = new HttpClient();
        return await client.GetByteArrayAsync(new Uri(new Uri(log.Description.Url.GetLeftPart(UriPartial.Authority)), path), Cancellation);
    }

    private static byte[] Head(LogProtocol protocol, SigningKey key, ulong size, MerkleHash root)
    {
        if (protocol == LogProtocol.StaticCt) return key.Checkpoint("forked.example", size, root);
        CertHerald.Transparency.Heads.SignedHead head = key.Head(size, root).Signed;
        return System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new
        {
            tree_size = size,
            timestamp = head.Timestamp,
            sha256_root_hash = root.ToBase64(),
            tree_head_signature = Convert.ToBase64String(head.Signature.Span),
        });
    }

    private static LogDescription Describe(CertHerald.TestLog.LogKey key, LogProtocol protocol, Uri url, Uri? submissionUrl)
    {
        Assert.True(LogKey.TryCreate(key.Spki.Span, out LogKey? read, out string? problem), problem);
        return LogDescription.Custom(read, protocol, url.AbsoluteUri, submissionUrl?.AbsoluteUri, protocol.ToString());
    }
}
