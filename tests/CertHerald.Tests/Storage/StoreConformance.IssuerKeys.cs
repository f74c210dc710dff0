using CertHerald.Inspecting;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of issuers' keys.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task Issuers_keys_that_findings_show_are_kept_once_each_and_found_by_their_hash()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Batch batch = log.Read(0, 4);
        byte[] one = [1, 1], other = [2, 2];
        MatchFinding Showing(int place, string issuer, byte[]? spki) =>
            Some.Match(batch.Raw, place, Some.Facts($"{place}.example") with { IssuerPubkeySha256 = issuer }) with { IssuerSpki = spki };

        await CommitAsync(
            log, batch, Some.Unknown(Showing(0, Some.Hash("one"), one)), Some.Unknown(Showing(1, Some.Hash("other"), other)), Some.Unknown(Showing(2, Some.Hash("one"), one)),
            Some.Unknown(Showing(3, Some.Hash("unseen"), null)));
        await ReopenAsync();
        IReadOnlyDictionary<string, byte[]> found = await Store.IssuerKeysAsync([Some.Hash("other"), Some.Hash("one"), Some.Hash("unseen"), "'; --"], Cancellation);

        Assert.Equal(2, found.Count);
        Assert.Equal(one, found[Some.Hash("one")]);
        Assert.Equal(other, found[Some.Hash("other")]);
        Assert.Empty(await Store.IssuerKeysAsync([], Cancellation));
    }

    [Fact]
    public async Task An_issuers_key_that_a_later_sighting_shows_is_kept_too()
    {
        PaperLog one = await BeginAsync("one", entries: 1), other = await BeginAsync("other", entries: 1);
        Batch first = one.Read(0, 1), second = other.Read(0, 1);
        CertificateFacts facts = Some.Facts("a.example");

        await CommitAsync(one, first, Some.Unknown(Some.Match(first.Raw, 0, facts)));
        Assert.Empty(await Store.IssuerKeysAsync([facts.IssuerPubkeySha256!], Cancellation));
        await CommitAsync(other, second, Some.Unknown(Some.Match(second.Raw, 0, facts) with { IssuerSpki = [3] }));

        Assert.Equal([3], (await Store.IssuerKeysAsync([facts.IssuerPubkeySha256!], Cancellation))[facts.IssuerPubkeySha256!]);
    }
}
