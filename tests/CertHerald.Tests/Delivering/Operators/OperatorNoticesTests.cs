using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Dialects.Native;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>What operator channels hear of webhooks, entries, secrets, and each day (delivery.md 13).</summary>
public sealed class OperatorNoticesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DeliveryNewsKinds.Failing)]
    [InlineData(DeliveryNewsKinds.Recovered)]
    [InlineData(DeliveryNewsKinds.Dead)]
    [InlineData(DeliveryNewsKinds.EndpointFailing)]
    [InlineData(DeliveryNewsKinds.EndpointHeld)]
    [InlineData(DeliveryNewsKinds.EndpointGone)]
    [InlineData(DeliveryNewsKinds.EndpointRecovered)]
    public async Task Rule_13_3_each_kind_of_news_reaches_every_channel_once(string kind)
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager", "chat");
        await operators.NewsAsync("siem", kind, "It said no.");

        IReadOnlyList<(string Channel, Notice Notice)> told = await operators.TellAsync();

        Assert.Equal(["pager", "chat"], told.Select(one => one.Channel));
        Assert.Equal(kind, told[0].Notice.Type);
        Assert.Equal(("siem", "It said no.", 1), told[0].Notice.Facts is WebhookFacts facts ? (facts.Webhook, facts.Detail, facts.Cases) : default);
        Assert.Empty(await operators.TellAsync());
        rig.Time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await operators.TellAsync());
    }

    [Theory]
    [InlineData(0, "Nothing.")]
    [InlineData(1, "1 delivery was given up before: 'certherald deliveries replay --state dead --webhook siem' sends it.")]
    [InlineData(3, "3 deliveries were given up before: 'certherald deliveries replay --state dead --webhook siem' sends them.")]
    public async Task Rule_6_3_whoever_takes_deliveries_again_is_offered_those_that_were_given_up(int dead, string advice)
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        for (int i = 0; i < dead; i++) await rig.OweAsync("siem");
        await rig.OweAsync("other");
        foreach (StoredDelivery one in await rig.DeliveriesAsync()) await rig.DieAsync(one.Webhook);
        await operators.NewsAsync("siem", DeliveryNewsKinds.EndpointRecovered);

        Assert.Equal(advice, NoticeWords.AdviceFor(Assert.Single(await operators.TellAsync()).Notice));
    }

    [Fact]
    public async Task Rule_13_3_one_webhook_and_kind_is_told_once_in_six_hours_with_the_number_of_cases()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        await operators.NewsAsync("siem", DeliveryNewsKinds.Dead);
        Assert.Single(await operators.TellAsync());

        for (int i = 0; i < 3; i++) await operators.NewsAsync("siem", DeliveryNewsKinds.Dead, $"Delivery {i} was given up.");
        // Another kind, and another webhook, have six hours of their own.
        await operators.NewsAsync("siem", DeliveryNewsKinds.EndpointHeld);
        await operators.NewsAsync("other", DeliveryNewsKinds.Dead);
        Assert.Equal(2, (await operators.TellAsync()).Count);

        rig.Time.Advance(TimeSpan.FromHours(6) - TimeSpan.FromSeconds(1));
        Assert.Empty(await operators.TellAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        (string _, Notice late) = Assert.Single(await operators.TellAsync());
        Assert.Equal((3, "Delivery 2 was given up."), late.Facts is WebhookFacts facts ? (facts.Cases, facts.Detail) : default);
    }

    [Fact]
    public async Task Rule_13_3_a_storm_of_many_webhooks_becomes_one_notice_that_says_how_many()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        for (int i = 0; i < 100; i++) await operators.NewsAsync($"hook{i:00}", DeliveryNewsKinds.Failing);

        (string _, Notice storm) = Assert.Single(await operators.TellAsync());

        WebhookFacts facts = Assert.IsType<WebhookFacts>(storm.Facts);
        Assert.Equal(("hook00", 99, WebhookFacts.MostNames), (facts.Webhook, facts.Others, facts.Names.Count));
        Assert.Empty(await operators.TellAsync());
    }

    [Fact]
    public async Task Rule_13_3_a_storm_that_comes_one_by_one_is_five_notices_and_then_one()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        int notices = 0;
        for (int i = 0; i < 50; i++)
        {
            await operators.NewsAsync($"hook{i:00}", DeliveryNewsKinds.Failing);
            notices += (await operators.TellAsync()).Count;
            rig.Time.Advance(TimeSpan.FromSeconds(5));
        }
        Assert.Equal(5, notices);

        rig.Time.Advance(TimeSpan.FromMinutes(10));
        (string _, Notice rest) = Assert.Single(await operators.TellAsync());
        Assert.Equal(44, Assert.IsType<WebhookFacts>(rest.Facts).Others);
    }

    [Fact]
    public async Task T23_two_webhooks_with_one_address_have_separate_alarms()
    {
        await using Receiver shared = Receiver.Start();
        await using Receiver pager = Receiver.Start();
        shared.Default = Receiver.Answer(410);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(shared.Url, "tenant-a"), Given.Webhook(shared.Url, "tenant-b"), OperatorRig.Channel("pager", pager.Url));
        using OperatorRig operators = OperatorRig.Of(rig, [OperatorRig.Channel("pager", pager.Url)]);

        // The first one's alarm must not silence the second's, six hours or not.
        foreach (string tenant in (string[])["tenant-a", "tenant-b"])
        {
            await rig.OweAsync(tenant);
            await rig.Log.WaitForAsync($"Webhook {tenant} is on hold");
            IReadOnlyList<(string Channel, Notice Notice)> told = await operators.TellAsync();
            Assert.Equal([DeliveryNewsKinds.Dead, DeliveryNewsKinds.EndpointGone], told.Select(one => one.Notice.Type).Order(StringComparer.Ordinal));
            Assert.All(told, one => Assert.Equal(tenant, Assert.IsType<WebhookFacts>(one.Notice.Facts).Webhook));
        }
    }

    [Fact]
    public async Task Rule_13_2_a_channels_own_trouble_is_told_by_the_others_only()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager", "chat", "smtp");
        await operators.NewsAsync("chat", DeliveryNewsKinds.EndpointHeld);
        await operators.NewsAsync("pager", DeliveryNewsKinds.EndpointHeld);

        IReadOnlyList<(string Channel, Notice Notice)> told = await operators.TellAsync();

        Assert.Equal(["pager", "smtp"], told.Where(one => one.Notice.Facts is WebhookFacts { Webhook: "chat" }).Select(one => one.Channel));
        Assert.Equal(["chat", "smtp"], told.Where(one => one.Notice.Facts is WebhookFacts { Webhook: "pager" }).Select(one => one.Channel));
    }

    [Fact]
    public async Task Rule_13_2_a_lone_channel_that_fails_brings_no_notice_however_long()
    {
        await using Receiver pager = Receiver.Start();
        pager.Default = Receiver.Answer(500);
        WebhookOptions channel = OperatorRig.Channel("pager", pager.Url);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(channel);
        using OperatorRig operators = OperatorRig.Of(rig, [channel]);
        await operators.NewsAsync("siem", DeliveryNewsKinds.Dead);
        Assert.Single(await operators.TellAsync());
        rig.Bell.Ring();
        int tries = 0;
        while ((await rig.DeliveriesAsync(DeliveryState.Dead)).Count == 0)
        {
            await rig.Log.WaitForAsync("did not take delivery", ++tries);
            if (tries == 11) break;
            await rig.AdvanceToDueAsync();
            Assert.Empty(await operators.TellAsync());
        }

        Assert.Equal(DeliveryState.Dead, (await rig.DeliveryAsync()).State);
        Assert.Contains(await rig.Store.NewsAsync(0, 10, Cancellation), news => news is { Webhook: "pager", Kind: DeliveryNewsKinds.Dead, Told: null });
        Assert.Empty(await operators.TellAsync());
    }

    [Fact]
    public async Task Rule_13_2_if_no_channel_works_the_log_says_so_at_once_and_every_six_hours_and_readiness_has_the_reason()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager", "chat");
        DateTimeOffset now = rig.Time.GetUtcNow();
        await rig.Store.ChangeWebhookAsync("pager", state => (WebhookHealth.Hold(state, WebhookStatus.Held, HoldCause.Failing, "It took nothing.", now).State, null), 1, Cancellation);
        await operators.LookAsync();
        Assert.Null(OperatorChannels.WhyNone(await operators.Channels.StandAsync(Cancellation)));

        await rig.Store.ChangeWebhookAsync("chat", state => (state with { Failures = OperatorChannels.MostFailures, FailingSince = now }, null), 1, Cancellation);
        for (int i = 0; i < 13; i++)
        {
            await operators.LookAsync();
            rig.Time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(3, operators.Log.All.Count(line => line.Level == LogLevel.Critical));
        string why = OperatorChannels.WhyNone(await operators.Channels.StandAsync(Cancellation))!;
        Assert.Equal("No operator channel works, so nobody is told of trouble: pager: It took nothing.; chat: it has taken nothing since 2026-03-01 12:00 UTC, in 4 attempts", why);
        Assert.Contains((LogLevel.Critical, why), operators.Log.All);

        await rig.Store.ChangeWebhookAsync("chat", state => (state with { Failures = 0, FailingSince = null }, null), 1, Cancellation);
        await operators.LookAsync();
        Assert.Contains((LogLevel.Information, "An operator channel works again"), operators.Log.All);
    }

    [Fact]
    public async Task Killed_before_or_after_telling_news_are_told_once()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using (OperatorRig before = OperatorRig.Of(rig, "pager")) await before.NewsAsync("siem", DeliveryNewsKinds.EndpointGone);
        await rig.ReopenAsync();
        using (OperatorRig first = OperatorRig.Of(rig, "pager")) Assert.Single(await first.TellAsync());
        await rig.ReopenAsync();
        using OperatorRig second = OperatorRig.Of(rig, "pager");
        Assert.Empty(await second.TellAsync());
    }

    [Fact]
    public async Task Rule_13_3_entries_that_cannot_be_read_are_counted_by_log_once_an_hour()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        await operators.LookAsync();
        await rig.OweMalformedAsync();

        MalformedFacts first = Malformed(Assert.Single(await operators.LookAsync()));
        Assert.Equal((1, 0, 1, "the TBS has no end", 0ul), (first.Entries, first.Watched, first.Example, first.Problem, first.ExampleIndex));

        for (int i = 0; i < 5; i++) await rig.OweMalformedAsync();
        rig.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await operators.LookAsync());
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        MalformedFacts second = Malformed(Assert.Single(await operators.LookAsync()));
        Assert.Equal((5, 6), (second.Entries, second.Example));
        rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await operators.LookAsync());
    }

    [Fact]
    public async Task Rule_13_3_an_api_key_is_told_of_seven_days_and_one_day_before_it_ends()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        DateTimeOffset expires = rig.Time.GetUtcNow().AddDays(8);
        await rig.Store.AddApiKeyAsync(new StoredApiKey("chk_aaaaaaaa", new byte[32], "ci", ["read"], rig.Time.GetUtcNow(), expires), Cancellation);
        await rig.Store.AddApiKeyAsync(new StoredApiKey("chk_bbbbbbbb", new byte[32], "for ever", ["read"], rig.Time.GetUtcNow(), null), Cancellation);
        await rig.Store.AddApiKeyAsync(new StoredApiKey("chk_cccccccc", new byte[32], "revoked", ["read"], rig.Time.GetUtcNow(), expires, Revoked: rig.Time.GetUtcNow()), Cancellation);
        await rig.Store.RevokeApiKeyAsync("chk_cccccccc", rig.Time.GetUtcNow(), Cancellation);

        var told = new List<TimeSpan>();
        for (int hour = 0; hour < 9 * 24; hour++)
        {
            foreach ((string _, Notice notice) in (await operators.LookAsync()).Where(one => one.Notice.Facts is SecretFacts))
            {
                Assert.Equal(new SecretFacts(SecretFacts.ApiKey, "ci", "chk_aaaaaaaa", expires), notice.Facts);
                told.Add(expires - rig.Time.GetUtcNow());
            }
            rig.Time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal([TimeSpan.FromDays(7), TimeSpan.FromDays(1)], told);
    }

    [Fact]
    public async Task Rule_13_3_an_old_signing_secret_is_told_of_six_hours_before_it_ends()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        DateTimeOffset until = rig.Time.GetUtcNow().AddHours(24);
        await rig.Store.AddWebhookAsync(
            new StoredWebhook { Name = "siem", Dialect = "certspotter", Events = ["unknown_certificate"], Added = rig.Time.GetUtcNow(), Url = "https://h/", Secrets = [new("whsec_new", null), new("whsec_old", until)] },
            Cancellation);
        Assert.DoesNotContain(await operators.LookAsync(), one => one.Notice.Facts is SecretFacts);

        rig.Time.Advance(TimeSpan.FromHours(18));
        Notice notice = Assert.Single(await operators.LookAsync(), one => one.Notice.Facts is SecretFacts).Notice;
        Assert.Equal(new SecretFacts(SecretFacts.SigningSecret, "siem", null, until), notice.Facts);
        Assert.DoesNotContain("whsec", notice.Facts.ToJson(), StringComparison.Ordinal);
        rig.Time.Advance(TimeSpan.FromHours(5));
        Assert.DoesNotContain(await operators.LookAsync(), one => one.Notice.Facts is SecretFacts);
    }

    [Fact]
    public async Task Rule_13_3_a_client_certificate_is_told_of_fourteen_and_three_days_before_it_ends()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using System.Security.Cryptography.X509Certificates.X509Certificate2 client = MadeCertificate.For("certherald", rig.Time.GetUtcNow(), rig.Time.GetUtcNow().AddDays(20));
        WebhookOptions known = Given.Webhook(new Uri("https://h/"), "siem") with { Tls = WebhookTlsTests.Read(client.ExportCertificatePem(), WebhookTlsTests.KeyOf(client)) };
        using OperatorRig operators = OperatorRig.Of(rig, [OperatorRig.Channel("pager"), known]);
        DateTimeOffset end = known.Tls.Certificate!.Until;

        var told = new List<int>();
        for (; rig.Time.GetUtcNow() < end.AddDays(1); rig.Time.Advance(TimeSpan.FromHours(12)))
            foreach ((string _, Notice notice) in (await operators.LookAsync()).Where(one => one.Notice.Facts is SecretFacts))
            {
                Assert.Equal(new SecretFacts(SecretFacts.ClientCertificate, "siem", null, end), notice.Facts);
                told.Add((int)Math.Ceiling((end - rig.Time.GetUtcNow()).TotalDays));
            }

        Assert.Equal([14, 3], told);
    }

    [Fact]
    public async Task Rule_6_4_held_and_dead_deliveries_are_announced_seven_days_before_they_are_deleted_once_a_day()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        await rig.OweInSilenceAsync("siem");
        await rig.Store.HoldWebhookAsync("siem", "It moves.", rig.Time.GetUtcNow(), Cancellation);

        rig.Time.Advance(TimeSpan.FromDays(83) - TimeSpan.FromMinutes(1));
        Assert.DoesNotContain(await operators.LookAsync(), one => one.Notice.Facts is ExpiringFacts);
        rig.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(new ExpiringFacts(1, 7), Assert.Single(await operators.LookAsync(), one => one.Notice.Facts is ExpiringFacts).Notice.Facts);
        rig.Time.Advance(TimeSpan.FromHours(23));
        Assert.DoesNotContain(await operators.LookAsync(), one => one.Notice.Facts is ExpiringFacts);
        rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Single(await operators.LookAsync(), one => one.Notice.Facts is ExpiringFacts);
    }

    [Fact]
    public async Task Rule_13_4_a_heartbeat_goes_to_every_channel_once_a_day_at_its_time_whatever_restarts()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        var beats = new List<DateTimeOffset>();
        // From noon on, for three days, with a new process each hour.
        for (int i = 0; i < 72; i++)
        {
            using (OperatorRig operators = OperatorRig.Of(rig, [OperatorRig.Channel("pager"), OperatorRig.Channel("chat")], new OperatorOptions { HeartbeatAt = new TimeOnly(17, 30) }))
            {
                for (int look = 0; look < 2; look++)
                {
                    IReadOnlyList<(string Channel, Notice Notice)> told = await operators.LookAsync();
                    if (told.Count == 0) continue;
                    Assert.Equal(["pager", "chat"], told.Select(one => one.Channel));
                    Assert.All(told, one => Assert.Equal("heartbeat", one.Notice.Type));
                    beats.Add(rig.Time.GetUtcNow());
                }
            }
            await rig.ReopenAsync();
            rig.Time.Advance(TimeSpan.FromMinutes(30));
            using (OperatorRig between = OperatorRig.Of(rig, [OperatorRig.Channel("pager"), OperatorRig.Channel("chat")], new OperatorOptions { HeartbeatAt = new TimeOnly(17, 30) }))
                if ((await between.LookAsync()).Count > 0) beats.Add(rig.Time.GetUtcNow());
            rig.Time.Advance(TimeSpan.FromMinutes(30));
        }

        // The first at once: whoever set it up sees that it works.
        DateTimeOffset noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), time = noon.AddHours(5.5);
        Assert.Equal([noon, time, time.AddDays(1), time.AddDays(2)], beats);
    }

    [Fact]
    public async Task Rule_13_4_a_heartbeat_says_how_the_service_stands()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        await rig.OweInSilenceAsync("siem", "other");
        await rig.Store.HoldWebhookAsync("siem", "It moves.", rig.Time.GetUtcNow(), Cancellation);
        await rig.OweMalformedAsync();
        rig.Time.Advance(TimeSpan.FromMinutes(1));

        HeartbeatFacts facts = Assert.IsType<HeartbeatFacts>(Assert.Single(await operators.LookAsync(), one => one.Notice.Type == "heartbeat").Notice.Facts);

        DateTimeOffset owed = rig.Time.GetUtcNow().AddMinutes(-1);
        Assert.Equal(new HeartbeatFacts(WebhookSender.Version, 3, 2, owed, 1, 0, owed, 1), facts);
    }

    [Fact]
    public async Task Without_a_channel_nothing_is_noted_as_told()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        using (OperatorRig nobody = OperatorRig.Of(rig))
        {
            await nobody.NewsAsync("siem", DeliveryNewsKinds.Dead);
            await rig.OweMalformedAsync();
            Assert.Empty(await nobody.TellAsync());
            Assert.Empty(await nobody.LookAsync());
        }

        using OperatorRig operators = OperatorRig.Of(rig, "pager");
        Assert.Equal([DeliveryNewsKinds.Dead], (await operators.TellAsync()).Select(one => one.Notice.Type));
        Assert.Equal([NoticeTypes.Malformed, NoticeTypes.Heartbeat], (await operators.LookAsync()).Select(one => one.Notice.Type));
    }

    private static MalformedFacts Malformed((string Channel, Notice Notice) told) => Assert.IsType<MalformedFacts>(told.Notice.Facts);
}
