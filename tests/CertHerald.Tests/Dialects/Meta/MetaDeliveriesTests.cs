using System.Text;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Dialects.Meta;

/// <summary>The dialect through the delivery loop.</summary>
public sealed class MetaDeliveriesTests
{
    private static readonly AppSecret Secret = AppSecret.New();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(302)]
    [InlineData(400)]
    [InlineData(500)]
    public async Task M17_all_but_200_is_tried_again_with_equal_bytes_and_signatures(int status)
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(status), Receiver.Answer(status));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Webhook(receiver));
        await rig.OweAsync("hook");
        for (int i = 1; i <= 2; i++)
        {
            await rig.Log.WaitForAsync("did not take", i);
            await rig.AdvanceToDueAsync();
        }
        await rig.Log.WaitForAsync("Webhook hook got");

        rig.Advance(TimeSpan.FromHours(40));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("Webhook hook got", 2);
        Assert.Equal(4, receiver.Requests.Count);
        Received[] same = [.. receiver.Requests.Take(3)];
        Assert.All(same, request => AssertSigned(request));
        Assert.Single(same.Select(request => (Encoding.UTF8.GetString(request.Body), request.Headers["X-Hub-Signature-256"].Single(), request.Key)).Distinct());
    }

    [Fact]
    public async Task M17_accept_any_2xx_is_an_option()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(204);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Webhook(receiver) with { AcceptAny2xx = true });
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Equal(DeliveryState.Done, (await rig.DeliveryAsync()).State);
    }

    [Fact]
    public async Task M18_under_a_fake_clock_a_delivery_is_tried_for_36_h_and_then_dropped()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(500);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Webhook(receiver));
        DateTimeOffset begun = rig.Time.GetUtcNow();
        await rig.OweAsync("hook");
        var offsets = new List<TimeSpan>();
        for (int i = 1; i <= 12; i++)
        {
            await rig.Log.WaitForAsync("did not take", i);
            offsets.Add(rig.Time.GetUtcNow() - begun);
            if (i < 12) await rig.AdvanceToDueAsync();
        }

        Assert.Equal(12, receiver.Requests.Count);
        Assert.InRange(offsets[1], TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromHours(36), offsets[^1]);
        var shown = new CertHerald.Api.Deliveries(rig.Store, rig.Webhooks, CertHerald.Dialects.WebhookDialects.All);
        Assert.Equal("dropped", (await shown.FindAsync((await rig.DeliveryAsync()).Id, Cancellation))!.State);
        Assert.Equal("dropped", Assert.Single((await shown.ListAsync(null, "dropped", new CertHerald.Api.Page(null, 10), Cancellation)).Items).State);
        Assert.Equal(12, (await rig.Store.AttemptsAsync((await rig.DeliveryAsync()).Id, Cancellation)).Count);
    }

    [Fact]
    public async Task M22_after_a_413_the_next_attempt_says_what_changed_only_and_is_signed_for_itself()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(413), Receiver.Answer(500));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Webhook(receiver));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("did not take");
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("did not take", 2);
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("Webhook hook got");

        JsonElement whole = EntryIn(receiver.Requests[0]), brief = EntryIn(receiver.Requests[1]);
        Assert.Equal(["changes", "id", "time"], whole.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["id", "changed_fields", "time"], brief.EnumerateObject().Select(member => member.Name));
        Assert.Equal("certificate", Assert.Single(brief.GetProperty("changed_fields").EnumerateArray()).GetString());
        Assert.Equal(whole.GetProperty("id").GetString(), brief.GetProperty("id").GetString());
        Assert.Equal(whole.GetProperty("time").GetInt64(), brief.GetProperty("time").GetInt64());
        Assert.All(receiver.Requests, request => AssertSigned(request));
        Assert.NotEqual(receiver.Requests[0].Headers["X-Hub-Signature-256"].Single(), receiver.Requests[1].Headers["X-Hub-Signature-256"].Single());
        // From then on it is frozen again, and the key was the same throughout.
        Assert.Equal(receiver.Requests[1].Body, receiver.Requests[2].Body);
        Assert.Single(receiver.Requests.Select(request => request.Key).Distinct());
    }

    [Fact]
    public async Task M12_without_include_values_there_are_changed_fields_and_a_413_changes_nothing()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(413));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Webhook(receiver) with { IncludeValues = false });
        long sent = rig.Time.GetUtcNow().ToUnixTimeSeconds();
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("did not take");
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("Webhook hook got");

        Assert.Equal(
            $$"""{"entry":[{"id":"1","changed_fields":["certificate"],"time":{{sent}}}],"object":"certificate_transparency"}""",
            Encoding.UTF8.GetString(receiver.Requests[0].Body));
        Assert.Equal(receiver.Requests[0].Body, receiver.Requests[1].Body);
    }

    [Fact]
    public async Task M15_ten_matches_at_once_are_ten_posts_with_one_change_each()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Webhook(receiver));
        for (int i = 0; i < 10; i++) await rig.OweInSilenceAsync("hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("Webhook hook got", 10);

        Assert.Equal(10, receiver.Requests.Count);
        Assert.All(receiver.Requests, request =>
        {
            Assert.Single(EntryIn(request).GetProperty("changes").EnumerateArray());
            Assert.True(request.Body.Length <= 100_000);
        });
        Assert.Equal(10, receiver.Requests.Select(request => EntryIn(request).GetProperty("id").GetString()).Distinct().Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task M16_of_2500_matches_in_batches_none_is_lost_and_no_body_is_too_large(bool includeValues)
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Webhook(receiver) with { MaxBatch = 1_000, IncludeValues = includeValues });
        await rig.OweManyAsync(2_500, "hook");
        await rig.StartLoopAsync();
        await EndedAsync(rig, 2_500);

        string[] ids = [.. receiver.Requests.SelectMany(request => EntriesIn(request).Select(entry => entry.GetProperty("id").GetString()!))];
        Assert.Equal((2_500, 2_500), (ids.Length, ids.Distinct().Count()));
        Assert.All(receiver.Requests, request =>
        {
            AssertSigned(request);
            Assert.InRange(request.Body.Length, 1, 100_000);
            Assert.InRange(EntriesIn(request).Count, 1, 1_000);
        });
        // As much as there is room for.
        if (includeValues) Assert.InRange(receiver.Requests.Max(request => request.Body.Length), 99_000, 100_000);
        else Assert.Equal(1_000, receiver.Requests.Max(request => EntriesIn(request).Count));
    }

    [Fact]
    public async Task M16_a_batch_is_tried_again_whole_with_the_same_bytes_and_replayed_whole()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(500));
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Webhook(receiver) with { MaxBatch = 10 });
        await rig.OweManyAsync(10, "hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("did not take");
        await rig.OweInSilenceAsync("hook");                       // comes too late for the body that is fixed
        Assert.Equal(9, (await rig.DeliveriesAsync(DeliveryState.Joined)).Count);
        rig.Advance(TimeSpan.FromSeconds(2));
        await EndedAsync(rig, 11);

        byte[][] bodies = [.. receiver.Requests.Where(request => EntriesIn(request).Count == 10).Select(request => request.Body)];
        Assert.Equal(2, bodies.Length);
        Assert.Equal(bodies[0], bodies[1]);

        // Asked for by the id of one that was carried, too.
        var filter = new ReplayFilter(Ids: [(await rig.DeliveriesAsync())[^1].Id, (await rig.DeliveriesAsync())[^2].Id]);
        ReplayPart part = await rig.Store.ReplayAsync(filter, 0, long.MaxValue, 100, asNew: false, (_, _) => rig.Time.GetUtcNow(), Cancellation);
        Assert.Equal(1, part.Replayed);
        rig.Advance(TimeSpan.FromSeconds(1));
        await EndedAsync(rig, 12);
        Assert.Equal(bodies[0], receiver.Requests[^1].Body);
    }

    [Fact]
    public async Task M22_a_batch_that_is_too_large_says_of_each_what_changed()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(413));
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Webhook(receiver) with { MaxBatch = 5 });
        await rig.OweManyAsync(5, "hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("did not take");
        await rig.AdvanceToDueAsync();
        await EndedAsync(rig, 5);

        Assert.Equal(2, receiver.Requests.Count);
        Assert.Equal(5, EntriesIn(receiver.Requests[1]).Count);
        Assert.All(EntriesIn(receiver.Requests[1]), entry => Assert.True(entry.TryGetProperty("changed_fields", out _)));
        Assert.Equal(EntriesIn(receiver.Requests[0]).Select(IdOf).Order(), EntriesIn(receiver.Requests[1]).Select(IdOf).Order());
        AssertSigned(receiver.Requests[1]);
    }

    [Fact]
    public async Task A_webhook_that_asks_for_larger_bodies_gets_them_and_none_beyond()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Webhook(receiver) with { MaxBatch = 1_000, MaxBatchBytes = 150_000, Concurrency = 1 });
        await rig.OweManyAsync(700, "hook");
        await rig.StartLoopAsync();
        await EndedAsync(rig, 700);

        Assert.Equal(700, receiver.Requests.Sum(request => EntriesIn(request).Count));
        Assert.InRange(receiver.Requests.Max(request => request.Body.Length), 149_000, 150_000);
    }

    [Fact]
    public void A_certificate_larger_than_the_limit_is_sent_alone()
    {
        var dialect = new CertHerald.Dialects.Meta.MetaDialect();
        IWebhookBatch batch = dialect.BeginBatch(WebhookOptions.DefaultBatchBytes);
        var issuance = new Issuance(1, Given.GoldenFacts() with { CertDer = new byte[200_000] }, [], false, "", default);
        Assert.True(batch.TryAdd(new DeliverySubject("", issuance, null)));
        Assert.False(batch.TryAdd(new DeliverySubject("", issuance with { Certificate = Given.GoldenFacts() }, null)));

        var body = new System.Buffers.ArrayBufferWriter<byte>();
        batch.Write(body);
        Assert.Single(JsonElement.Parse(Encoding.UTF8.GetString(body.WrittenSpan)).GetProperty("entry").EnumerateArray());
    }

    [Fact]
    public async Task The_time_in_a_body_is_that_of_its_sending_not_of_its_retries()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(500));
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Webhook(receiver));
        await rig.OweInSilenceAsync("hook");
        rig.Time.Advance(TimeSpan.FromHours(3));
        long sent = rig.Time.GetUtcNow().ToUnixTimeSeconds();
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("did not take");
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("Webhook hook got");

        Assert.All(receiver.Requests, request => Assert.Equal(sent, EntryIn(request).GetProperty("time").GetInt64()));
    }

    private static WebhookOptions Webhook(Receiver receiver) =>
        Given.Webhook(receiver.Url) with { Dialect = "meta", Events = [EventKinds.Certificate], Signer = new HubSigner([Secret]) };

    private static JsonElement EntryIn(Received request) => Assert.Single(EntriesIn(request));

    private static List<JsonElement> EntriesIn(Received request) =>
        [.. JsonElement.Parse(Encoding.UTF8.GetString(request.Body)).GetProperty("entry").EnumerateArray()];

    private static string IdOf(JsonElement entry) => entry.GetProperty("id").GetString()!;

    /// <summary>Waits until so many deliveries are done, joined ones among them.</summary>
    private static async Task EndedAsync(DeliveryRig rig, int count)
    {
        for (int lines = 1; (await rig.DeliveriesAsync(DeliveryState.Done)).Count < count; lines++) await rig.Log.WaitForAsync("Webhook hook got", lines);
    }

    private static void AssertSigned(Received request)
    {
        Assert.Equal("sha1=" + Convert.ToHexStringLower(Secret.SignSha1(request.Body)), request.Headers["X-Hub-Signature"].Single());
        Assert.Equal("sha256=" + Convert.ToHexStringLower(Secret.SignSha256(request.Body)), request.Headers["X-Hub-Signature-256"].Single());
    }
}
