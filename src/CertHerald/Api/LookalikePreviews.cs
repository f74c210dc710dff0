using System.Text;
using CertHerald.Access;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.Storage;
using Microsoft.AspNetCore.Mvc;

namespace CertHerald.Api;

/// <summary>What protecting a domain would have raised, before it is protected: by the sample of ordinary names and by the last certificates that were kept.</summary>
internal sealed class LookalikePreviews(IStore store, ProtectedDomains inForce, OrdinaryNames ordinary) : IDisposable
{
    private const int MostExamples = 10, MostIssuances = 1_000;

    // One at a time: each reads a million names.
    private readonly Turns _turns = new();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGroup("/api/lookalikes").WithTags("Look-alikes").Needs(Scope.Read).MapGet(
            "/domains/{name}/preview", async (
                string name, [FromQuery] string[]? own, [FromQuery] string[]? allow, [FromQuery] string[]? keywords, int? threshold, LookalikePreviews previews, CancellationToken cancellation) =>
                new ProtectedDomainRequest(own, allow, keywords, threshold).Read(name, out string problem) is { } domain
                    ? TypedResults.Json(await previews.RunAsync(domain, cancellation), ApiJson.Default.LookalikePreviewJson)
                    : (IResult)ApiError.BadRequest(problem))
            .WithSummary("What protecting a domain would have raised, per tier, with examples. Changes nothing.").Produces<LookalikePreviewJson>();

    public Task<LookalikePreviewJson> RunAsync(ProtectedDomain domain, CancellationToken cancellation) => _turns.TakeAsync(
        async () =>
        {
            // Read in turn: those who wait hold nothing.
            IReadOnlyList<Issuance> issuances = await store.IssuancesAsync(null, MostIssuances, cancellation);
            return await Task.Run(() => Run(domain, issuances, cancellation), cancellation);
        },
        cancellation);

    public void Dispose() => _turns.Dispose();

    private LookalikePreviewJson Run(ProtectedDomain domain, IReadOnlyList<Issuance> issuances, CancellationToken cancellation)
    {
        // What is owned already is no look-alike of what is added.
        IEnumerable<ProtectedDomain> others = inForce.Now.Owners.Where(owner => owner.Owner == ProtectedDomainOwners.Operator).SelectMany(owner => owner.Index.Domains);
        domain = domain with { Own = [.. domain.Own, .. others.Where(other => other.Name != domain.Name).SelectMany(other => other.Own.Prepend(other.Name))] };
        LookalikeIndex index = LookalikeIndex.Build([domain], inForce.Suffixes, inForce.Folds);
        bool isWeighed = ordinary.Kept >= ordinary.Fewest;
        if (isWeighed) index = ordinary.Weighed(index, cancellation);

        var registrable = new RegistrableNames(inForce.Suffixes);
        var best = new Dictionary<string, (string Name, Lookalike Judged)>(StringComparer.Ordinal);
        long sampled = 0, stored = 0;
        foreach (ReadOnlyMemory<byte> name in ordinary.Names(cancellation))
        {
            sampled++;
            Judge(name.Span);
        }
        foreach (Issuance issuance in issuances)
            foreach (string name in issuance.Certificate.DnsNames)
            {
                stored++;
                Judge(Encoding.Latin1.GetBytes(name));
            }

        return new LookalikePreviewJson(
            domain.Name, domain.Threshold, sampled, stored, isWeighed, best.Values.Count(one => one.Judged.IsAlert),
            [.. new[] { LookalikeTier.High, LookalikeTier.Medium, LookalikeTier.Low }.Select(tier => TierOf(tier, best.Values))]);

        void Judge(ReadOnlySpan<byte> name)
        {
            if (index.Judge(name) is not [var judged, ..]) return;
            string owner = registrable.Of(name);
            if (!best.TryGetValue(owner, out (string, Lookalike Judged) standing) || standing.Judged.Score < judged.Score)
                best[owner] = (Encoding.Latin1.GetString(name), judged);
        }
    }

    private static LookalikePreviewTierJson TierOf(LookalikeTier tier, IEnumerable<(string Name, Lookalike Judged)> found)
    {
        List<(string Name, Lookalike Judged)> all = [.. found.Where(one => one.Judged.Tier == tier)];
        return new LookalikePreviewTierJson(tier.Name(), all.Count, [.. all
            .OrderByDescending(one => one.Judged.Score).ThenBy(one => one.Name, StringComparer.Ordinal).Take(MostExamples)
            .Select(one => new LookalikeExampleJson(one.Name, DrawnName.Of(one.Name), one.Judged.Score, one.Judged.Class.Name(), one.Judged.Reasons))]);
    }
}

/// <summary>What protecting a domain would have raised.</summary>
/// <param name="SampledNames">Ordinary names that were looked at: a sample of all that was read.</param>
/// <param name="StoredNames">Names of the last certificates that were kept.</param>
/// <param name="Weighed">Whether rules were weighed against the sample; until it is large enough, by a guess.</param>
/// <param name="Alerts">Registrable domains that would have been told of.</param>
/// <param name="Tiers">Registrable domains by tier, high first.</param>
internal sealed record LookalikePreviewJson(
    string Domain, int Threshold, long SampledNames, long StoredNames, bool Weighed, int Alerts, IReadOnlyList<LookalikePreviewTierJson> Tiers);

/// <summary>Registrable domains whose strongest name is of a tier.</summary>
internal sealed record LookalikePreviewTierJson(string Tier, int Domains, IReadOnlyList<LookalikeExampleJson> Examples);

/// <summary>A name that would have been found.</summary>
internal sealed record LookalikeExampleJson(string Name, string Drawn, int Score, string Class, IReadOnlyList<string> Reasons);
