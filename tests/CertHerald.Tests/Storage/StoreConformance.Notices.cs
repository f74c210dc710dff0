using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What operator channels are told, each thing once.</summary>
public abstract partial class StoreConformance
{
    private static readonly TimeSpan Apart = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_notice_is_owed_once_to_each_channel_and_says_what_it_said()
    {
        var draft = new NoticeDraft("secret/siem/1", NoticeTypes.SecretExpiring, "siem", new SecretFacts(SecretFacts.SigningSecret, "siem \0", null, Time.GetUtcNow()));

        Assert.Equal(0, await Store.OweNoticeAsync(draft, [], Cancellation));
        Assert.Equal(2, await Store.OweNoticeAsync(draft, ["left", "right"], Cancellation));
        Assert.Equal(0, await Store.OweNoticeAsync(draft, ["left", "right"], Cancellation));
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await Store.OweNoticeAsync(draft with { Uid = "secret/other/1", Subject = "other" }, ["left"], Cancellation));

        StoredDelivery owed = (await Store.DeliveriesAsync(new DeliveryFilter("right"), Cancellation)).Single();
        Assert.Equal(EventKinds.Operator, owed.Kind);
        Notice notice = (await Store.FindNoticeAsync(owed.Subject, Cancellation))!;
        Assert.Equal((draft.Type, draft.Facts), (notice.Type, notice.Facts));
        Assert.Equal(notice, await Store.LastNoticeAsync(NoticeTypes.SecretExpiring, "siem", Cancellation));
        Assert.NotEqual(notice.Id, (await Store.LastNoticeAsync(NoticeTypes.SecretExpiring, null, Cancellation))!.Id);
        Assert.Null(await Store.LastNoticeAsync(NoticeTypes.Heartbeat, null, Cancellation));
        Assert.Null(await Store.FindNoticeAsync(99, Cancellation));
    }

    [Fact]
    public async Task News_of_a_webhook_are_told_once_of_its_kind_in_an_hour_and_to_no_channel_of_itself()
    {
        await NewsOfAsync("siem");
        await NewsOfAsync("siem");
        await NewsOfAsync("left");

        Assert.Equal(0, await Store.TellAsync([], Apart, Cancellation));
        Assert.Equal(3, await Store.TellAsync(["left", "right"], Apart, Cancellation));
        Assert.Equal(0, await Store.TellAsync(["left", "right"], Apart, Cancellation));

        Notice ofSiem = (await Store.LastNoticeAsync(DeliveryNewsKinds.EndpointHeld, "siem", Cancellation))!;
        var facts = (WebhookFacts)ofSiem.Facts;
        Assert.Equal(("siem", null, "it is held", 2, 0), (facts.Webhook, facts.Delivery, facts.Detail, facts.Cases, facts.Others));
        Assert.Equal(["right"], (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Where(one => one.Subject != ofSiem.Id).Select(one => one.Webhook));

        await NewsOfAsync("siem");
        Assert.Equal(0, await Store.TellAsync(["right"], Apart, Cancellation));
        Time.Advance(Apart);
        Assert.Equal(1, await Store.TellAsync(["right"], Apart, Cancellation));
    }

    [Fact]
    public async Task News_of_many_webhooks_at_once_become_one_notice()
    {
        for (int i = 0; i < 30; i++) await NewsOfAsync(Some.Numbered("hook", i));

        Assert.Equal(1, await Store.TellAsync(["ops"], Apart, Cancellation));

        var facts = (WebhookFacts)(await Store.LastNoticeAsync(DeliveryNewsKinds.EndpointHeld, null, Cancellation))!.Facts;
        Assert.Equal((29, WebhookFacts.MostNames), (facts.Others, facts.Names.Count));
    }

    [Fact]
    public async Task Entries_that_cannot_be_read_are_counted_from_the_last_one_that_a_notice_counted()
    {
        PaperLog log = await BeginAsync(entries: 3);
        Batch batch = log.Read(0, 2), more = log.Read(2, 3);
        await CommitAsync(log, batch, Some.Unknown(Some.Malformed(batch.Raw, 0), "hook"), Some.Unknown(Some.Malformed(batch.Raw, 1) with { ShowsWatchedName = false }));

        MalformedFacts first = Assert.Single(await Store.UntoldMalformedAsync(Cancellation));
        Assert.Equal((Convert.ToHexStringLower(log.Id.Value.ToArray()), 2L, 1L, 1L, 0UL, 1L, 2L), (first.Log.Key, first.Entries, first.Watched, first.Example, first.ExampleIndex, first.First, first.Last));
        Assert.Equal(Time.GetUtcNow(), first.Since);
        Assert.Equal(0, await Store.TellAsync(["ops"], Apart, Cancellation));

        Assert.Equal(1, await Store.OweNoticeAsync(new NoticeDraft("malformed/2", NoticeTypes.Malformed, first.Log.Key, first), ["ops"], Cancellation));
        Assert.Empty(await Store.UntoldMalformedAsync(Cancellation));
        await CommitAsync(log, more, Some.Unknown(Some.Malformed(more.Raw, 0), "hook"));
        MalformedFacts next = Assert.Single(await Store.UntoldMalformedAsync(Cancellation));
        Assert.Equal((1L, 3L, 3L), (next.Entries, next.First, next.Last));
    }

    [Fact]
    public async Task Old_notices_are_forgotten_but_for_those_that_are_owed_and_the_newest_of_each_subject()
    {
        Assert.Null(await Store.LastAlertAsync(Cancellation));
        await OweAsync(1, "hook");
        DateTimeOffset alerted = Time.GetUtcNow();
        foreach (int i in new[] { 1, 2, 3 })
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            await Store.OweNoticeAsync(new NoticeDraft(Some.Numbered("beat/", i), NoticeTypes.Heartbeat, "", new ExpiringFacts(i, 7)), ["ops"], Cancellation);
        }
        Assert.Equal(alerted, await Store.LastAlertAsync(Cancellation));
        StoredDelivery claimed = Assert.Single(await ClaimAsync("ops", 1));
        await Store.CompleteAsync(claimed, Attempt(claimed.Id, 200), DeliveryState.Done, alerted);
        Time.Advance(TimeSpan.FromDays(30));

        Assert.Equal(0, await Store.ForgetNoticesAsync(Time.GetUtcNow(), Cancellation));
        Assert.Equal(1, await Store.DeleteDeliveriesAsync(alerted.AddSeconds(1), 100, Cancellation));
        Assert.Equal(1, await Store.ForgetNoticesAsync(Time.GetUtcNow(), Cancellation));
        Assert.Null(await Store.FindNoticeAsync(1, Cancellation));
        Assert.NotNull(await Store.FindNoticeAsync(2, Cancellation));
        Assert.NotNull(await Store.FindNoticeAsync(3, Cancellation));
    }

    private Task<WebhookState> NewsOfAsync(string webhook) =>
        Store.ChangeWebhookAsync(webhook, state => (state, new DeliveryNews(DeliveryNewsKinds.EndpointHeld, "it is held")), perSecond: 1, Cancellation);
}
