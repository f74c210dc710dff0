using CertHerald.Storage;
using CertHerald.Storage.Secrets;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of webhooks that were added through the API, and of their secrets.</summary>
public abstract partial class StoreConformance
{
    private protected StoredWebhook Secretive(string name = "siem") => new()
    {
        Name = name,
        Dialect = "certspotter",
        Events = ["unknown_certificate", "malformed_certificate"],
        Evidence = true,
        Concurrency = 2,
        Rate = 0.5,
        Added = Time.GetUtcNow(),
        Url = "https://user:canary-password@siem.example.com/canary-path?canary-query",
        Headers = [KeyValuePair.Create("X-Key", "canary-header")],
        MaxBatchBytes = 200_000,
        Tls = new StoredTls("canary-certificate", "canary-key", "canary-ca"),
        Secrets = [new StoredSecret("whsec_canary-new", null), new StoredSecret("whsec_canary-old", Time.GetUtcNow().AddHours(24))],
    };

    [Fact]
    public async Task Webhooks_that_were_added_are_there_after_a_restart_whole_until_they_are_removed()
    {
        StoredWebhook siem = Secretive(), other = new() { Name = "other", Dialect = "native", Events = [], Added = Time.GetUtcNow(), Url = "https://h/" };
        Assert.True(await Store.AddWebhookAsync(siem, Cancellation));
        Assert.True(await Store.AddWebhookAsync(other, Cancellation));

        await ReopenAsync();
        IReadOnlyList<StoredWebhook> found = await Store.AddedWebhooksAsync(Cancellation);

        Assert.Equivalent(new[] { other, siem }, found, strict: true);
        Assert.True(await Store.RemoveWebhookAsync("siem", Cancellation));
        Assert.False(await Store.RemoveWebhookAsync("siem", Cancellation));
        Assert.Equal("other", Assert.Single(await Store.AddedWebhooksAsync(Cancellation)).Name);
    }

    [Fact]
    public async Task A_webhook_whose_name_is_taken_is_not_added_and_one_that_is_not_there_is_not_changed()
    {
        StoredWebhook siem = Secretive();
        await Store.AddWebhookAsync(siem, Cancellation);

        Assert.False(await Store.AddWebhookAsync(siem with { Url = "https://evil.example/" }, Cancellation));
        Assert.False(await Store.ReplaceWebhookAsync(siem with { Name = "pager" }, Cancellation));
        Assert.Equal(siem.Url, Assert.Single(await Store.AddedWebhooksAsync(Cancellation)).Url);

        Assert.True(await Store.ReplaceWebhookAsync(siem with { Url = "https://new.example/", Secrets = [] }, Cancellation));
        StoredWebhook changed = Assert.Single(await Store.AddedWebhooksAsync(Cancellation));
        Assert.Equal(("https://new.example/", 0), (changed.Url, changed.Secrets.Count));
    }

    [Fact]
    public async Task A_change_of_a_webhook_is_made_only_from_what_it_is_now()
    {
        await Store.AddWebhookAsync(Secretive(), Cancellation);
        StoredWebhook first = Assert.Single(await Store.AddedWebhooksAsync(Cancellation));
        Assert.True(await Store.ReplaceWebhookAsync(first with { Secrets = [new StoredSecret("whsec_rotated", null)] }, Cancellation));

        // Whoever has not seen that does not undo it.
        Assert.False(await Store.ReplaceWebhookAsync(first with { Rate = 7 }, Cancellation));

        StoredWebhook now = Assert.Single(await Store.AddedWebhooksAsync(Cancellation));
        Assert.Equal((first.Revision + 1, "whsec_rotated", first.Rate), (now.Revision, now.Secrets.Single().Text, now.Rate));
        Assert.True(await Store.ReplaceWebhookAsync(now with { Rate = 7 }, Cancellation));
    }

    [Fact]
    public async Task E11_Rule_8_4_a_change_of_keys_leaves_every_secret_readable_and_ends_with_one_key()
    {
        for (int i = 0; i < 60; i++) await Store.AddWebhookAsync(Secretive($"hook{i:00}"), Cancellation);

        RekeyOutcome first = await Rekey.RunAsync(Store, dropOld: false, Cancellation);
        await ReopenAsync();
        RekeyOutcome second = await Rekey.RunAsync(Store, dropOld: true, Cancellation);
        await ReopenAsync();
        RekeyOutcome third = await Rekey.RunAsync(Store, dropOld: true, Cancellation);

        Assert.Equal(new RekeyOutcome(Added: true, 240, null), first);
        Assert.Equal(new RekeyOutcome(Added: false, 0, 1), second);
        Assert.Equal(new RekeyOutcome(Added: true, 240, 1), third);
        Assert.Equal(60, (await Store.AddedWebhooksAsync(Cancellation)).Count(webhook => webhook.Url == Secretive().Url));
    }

    [Fact]
    public async Task T27_a_change_of_keys_that_was_killed_leaves_all_readable_and_is_ended_later()
    {
        for (int i = 0; i < 10; i++) await Store.AddWebhookAsync(Secretive($"hook{i}"), Cancellation);
        Assert.True(await Store.AddKeyAsync(besideOld: true, Cancellation));
        Assert.Equal(7, await Store.EncryptAnewAsync(7, Cancellation));

        await ReopenAsync();

        Assert.Equal(10, (await Store.AddedWebhooksAsync(Cancellation)).Count(webhook => webhook.Secrets.Count == 2));
        Assert.Null(await Store.DropOldKeysAsync(Cancellation));
        Assert.Equal(new RekeyOutcome(Added: false, 33, null), await Rekey.RunAsync(Store, dropOld: false, Cancellation));
        Assert.Equal(1, await Store.DropOldKeysAsync(Cancellation));
        await ReopenAsync();
        Assert.Equal(10, (await Store.AddedWebhooksAsync(Cancellation)).Count(webhook => webhook.Url == Secretive().Url));
    }

    [Fact]
    public async Task What_is_added_during_a_change_of_keys_is_under_the_new_one()
    {
        await Store.AddWebhookAsync(Secretive("before"), Cancellation);
        await Store.AddKeyAsync(besideOld: true, Cancellation);
        await Store.AddWebhookAsync(Secretive("meanwhile"), Cancellation);

        Assert.Equal(4, await Rekey.FinishAsync(Store, Cancellation));
        Assert.Equal(1, await Store.DropOldKeysAsync(Cancellation));
        Assert.Equal(2, (await Store.AddedWebhooksAsync(Cancellation)).Count);
    }
}
