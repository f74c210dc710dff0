using CertHerald.Access;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;

namespace CertHerald.Api;

/// <summary>Who hears of trouble: whether they would, and a test.</summary>
internal sealed class OperatorChannelsApi(OperatorChannels channels, WebhookTests tests)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/operator-channels").WithTags("Operator channels").Needs(Scope.Read);
        group.MapGet("", async (OperatorChannelsApi operators, CancellationToken cancellation) =>
            TypedResults.Json(await operators.ListAsync(cancellation), ApiJson.Default.IReadOnlyListOperatorChannelJson)).Produces<IReadOnlyList<OperatorChannelJson>>();
        group.MapPost("/test", async (OperatorChannelsApi operators, CancellationToken cancellation) =>
            TypedResults.Json(await operators.TestAsync(cancellation), ApiJson.Default.IReadOnlyListChannelTestJson)).Needs(Scope.Webhooks).Produces<IReadOnlyList<ChannelTestJson>>();
    }

    public async Task<IReadOnlyList<OperatorChannelJson>> ListAsync(CancellationToken cancellation) =>
        [.. (await channels.StandAsync(cancellation)).Select(channel => new OperatorChannelJson(
            channel.Webhook.Name, channel.Webhook.Mail is null ? "webhook" : "mail", channel.Trouble is null, channel.Trouble, channel.State.LastSuccess))];

    /// <summary>Sends each a test, all at once. Nothing follows from it.</summary>
    public async Task<IReadOnlyList<ChannelTestJson>> TestAsync(CancellationToken cancellation) => await Task.WhenAll(channels.All.Select(async webhook =>
        new ChannelTestJson(webhook.Name, await tests.SendAsync(webhook, cancellation) is var (answer, took) ? WebhookTestJson.Of(answer, took) : null)));
}

/// <summary>An operator channel on the wire.</summary>
/// <param name="Kind">webhook or mail.</param>
/// <param name="Trouble">Why it does not work; null if it does, as far as known.</param>
/// <param name="LastSuccess">When it last took something; null if it never did.</param>
internal sealed record OperatorChannelJson(string Name, string Kind, bool Works, string? Trouble, DateTimeOffset? LastSuccess);

/// <summary>What came of a test of a channel.</summary>
/// <param name="Result">Null: the last test is too young.</param>
internal sealed record ChannelTestJson(string Name, WebhookTestJson? Result);
