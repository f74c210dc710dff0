using System.Net;
using System.Net.Http;
using CertHerald.Storage;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Api;

/// <summary>Webhooks that another node changes meanwhile: what is in memory here is what they were.</summary>
public sealed class SharedWebhooksTests
{
    private const string Rotated = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_keeps_what_another_node_has_changed_meanwhile()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        StoredWebhook added = await AddAsync(rig);
        Assert.True(await rig.Store.ReplaceWebhookAsync(added with { Secrets = [new StoredSecret(Rotated, null)] }, Cancellation));

        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { rate = 7 })).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { concurrency = 3 })).Status);

        StoredWebhook now = Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation));
        Assert.Equal((Rotated, 7.0, 3), (Assert.Single(now.Secrets).Text, now.Rate, now.Concurrency));
        Assert.NotNull(Assert.Single(rig.Webhooks.Added).Signer);
    }

    [Fact]
    public async Task What_another_node_has_removed_is_not_there_and_what_it_has_added_is()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        StoredWebhook added = await AddAsync(rig);
        await rig.Store.RemoveWebhookAsync("siem", Cancellation);
        Assert.True(await rig.Store.AddWebhookAsync(added with { Name = "pager" }, Cancellation));
        Assert.True(await rig.Store.AddWebhookAsync(added with { Name = "chat" }, Cancellation));

        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { rate = 7 })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Delete, "/api/webhooks/siem")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await rig.AskAsync(HttpMethod.Post, "/api/webhooks", new { name = "pager", url = "https://other.example.com/" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Delete, "/api/webhooks/chat")).Status);
        Assert.Equal(["pager"], rig.Webhooks.Added.Select(webhook => webhook.Name));
    }

    private static async Task<StoredWebhook> AddAsync(ConsoleRig rig)
    {
        Assert.Equal(HttpStatusCode.Created, (await rig.AskAsync(HttpMethod.Post, "/api/webhooks", new { name = "siem", url = "https://siem.example.com/" })).Status);
        return Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation));
    }
}
