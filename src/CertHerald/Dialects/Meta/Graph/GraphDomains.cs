using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>What an app has subscribed to: domains whose certificates it is told of, and those whose imitations it is told of.</summary>
internal sealed class GraphDomains(Apps apps, ProtectedList protectedList, Watched watched)
{
    public static Task<ReadOnlyMemory<byte>> ListAsync(GraphRequest request, CancellationToken cancellation) => Task.FromResult(
        Page(request, [.. request.App.Domains.Select(domain => (domain.Id, domain.Item[1..]))]));

    public async Task<ReadOnlyMemory<byte>> ChangeAsync(GraphRequest request, CancellationToken cancellation)
    {
        (IReadOnlyList<WatchItem> without, IReadOnlyList<WatchItem> with) = Asked(request);
        (App? app, string problem) = await apps.ChangeDomainsAsync(request.App.Stored.Id, without, with);
        return app is not null ? GraphAnswer.Success : throw (problem.Length > 0 ? GraphRefusal.BadParameter(problem) : request.Unknown());
    }

    public Task<ReadOnlyMemory<byte>> ListProtectedAsync(GraphRequest request, CancellationToken cancellation) => Task.FromResult(
        Page(request, [.. protectedList.ListOf(OwnerOf(request)).Select(domain => (domain.Id, domain.Domain.Name))]));

    public async Task<ReadOnlyMemory<byte>> ChangeProtectedAsync(GraphRequest request, CancellationToken cancellation)
    {
        (IReadOnlyList<WatchItem> without, IReadOnlyList<WatchItem> with) = Asked(request);
        string[] gone = [.. without.Select(GraphName.Of)], added = [.. with.Select(GraphName.Of)];
        int after = protectedList.ListOf(OwnerOf(request)).Select(domain => domain.Domain.Name).Except(gone).Union(added).Count();
        if (added.Length > 0 && after > AppLookalikes.MostDomains) throw GraphRefusal.BadParameter(AppLookalikes.Full);
        if (!protectedList.HasRoom(added.Length)) throw GraphRefusal.BadParameter(ProtectedList.Full);
        await protectedList.ChangeAsync(OwnerOf(request), gone, [.. added.Select(name => new ProtectedDomain { Name = name })]);
        return GraphAnswer.Success;
    }

    private static string OwnerOf(GraphRequest request) => ProtectedDomainOwners.App(request.App.Stored.ToString());

    /// <summary>All of it can be read, or nothing is done.</summary>
    private (IReadOnlyList<WatchItem> Without, IReadOnlyList<WatchItem> With) Asked(GraphRequest request) =>
    (
        [.. request.Parameters.List("unsubscribe").Select(text => GraphName.ReadQuery(text, watched, mayBeUnknown: true)).Distinct()],
        [.. request.Parameters.List("subscribe").Select(text => GraphName.ReadSubscribed(text, watched)).Distinct()]
    );

    private static ReadOnlyMemory<byte> Page(GraphRequest request, IReadOnlyList<(long Id, string Name)> domains)
    {
        bool withName = request.Parameters.List("fields") is not { Count: > 0 } fields || fields.Contains("domain");
        long? after = GraphAnswer.ReadCursor(request.Parameters, "after"), before = GraphAnswer.ReadCursor(request.Parameters, "before");
        return GraphAnswer.Page(
            [
                .. from domain in domains
                   where domain.Id > (after ?? 0) && domain.Id < (before ?? long.MaxValue)
                   select new GraphItem(domain.Id, GraphAnswer.Of(json =>
                   {
                       json.WriteStartObject();
                       if (withName) json.WriteString("domain"u8, domain.Name);
                       json.WriteString("id"u8, GraphAnswer.IdOf(domain.Id));
                       json.WriteEndObject();
                   })),
            ], null, null);
    }
}
