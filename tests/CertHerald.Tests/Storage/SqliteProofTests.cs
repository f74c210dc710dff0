using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Storage.Sqlite;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

/// <summary>Proofs in a database that an older program began.</summary>
public sealed class SqliteProofTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_an_older_program_found_waits_for_its_proof_with_the_leaf_if_it_kept_one()
    {
        using var scratch = new Scratch();
        using var meter = new Meter("CertHerald");
        using var log = new PaperLog(entries: 3);
        using CertHerald.Transparency.Entries.RawBatch raw = log.Raw(0, 3);
        MerkleHash[] leaves = [.. raw.LeafHashes()];
        using (var session = new SqliteSession(new SqliteConnection($"Data Source={scratch.PathOf("certherald.db")};Pooling=False")))
        {
            session.Open();
            SqliteSchema.Migrate(session, until: 4);
            session.Run("INSERT INTO log VALUES (1, @id, 'paper', 'us', 'http://paper.example/', 'rfc6962', @key)",
                ("@id", log.Id.Value.ToArray()), ("@key", log.Description.Key.Spki));
            session.Run("INSERT INTO lane (log, start, read_size, read_frontier, proven_size, proven_frontier) VALUES (1, 0, 3, @frontier, 3, @frontier)", ("@frontier", log.FrontierAt(3).ToBytes()));
            session.Run("INSERT INTO issuance VALUES (1, 'tbs', 'cert', x'30', 0, '[]', '[]', 'key', NULL, 'CA', NULL, NULL, '', '', NULL, NULL, '[]', 0, 'nobody', 1)");
            session.Run("INSERT INTO sighting VALUES (1, 1, 1, 0, @leaf, 1, 0, 1, 0)", ("@leaf", leaves[0].ToArray()));
            session.Run("INSERT INTO malformed VALUES (1, 1, 2, @leaf, 'no end', @entry, 0, 1)", ("@leaf", leaves[2].ToArray()), ("@entry", raw[2].LeafInput.ToArray()));
        }

        await using IStore store = Stores.Open("sqlite", scratch.Folder, TimeProvider.System, meter);

        Assert.Collection(
            await store.UnprovedLeavesAsync(log.Id, null, 10, Cancellation),
            sighting => Assert.Equal((0UL, leaves[0], null), (sighting.Index.Value, sighting.LeafHash, sighting.LeafInput)),
            malformed => Assert.Equal((leaves[2], MerkleHash.OfLeaf(malformed.LeafInput)), (malformed.LeafHash, leaves[2])));
        Assert.Null(Assert.Single(await store.SightingsAsync(1, Cancellation)).Proof);
    }
}
