using System.Text;
using CertHerald.Tests.Transparency.Heads;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Entries;

/// <summary>Whatever a log serves, readers answer: they never throw.</summary>
public class HostileInputTests
{
    [Fact]
    public void Fuzzing_corpora_are_read_or_refused_by_every_reader()
    {
        using var log = new SigningLog();
        int seen = 0;
        foreach (byte[] blob in RecordedEntries.Blobs())
        {
            FeedToAll(blob, log.Key);
            FeedToAll([.. new byte[10], .. Length(blob), .. blob, 0, 0, 0, 0], log.Key);
            FeedToAll([.. new byte[12], .. Length(blob), .. blob, 0, 0], log.Key);
            seen++;
        }
        Assert.Equal(1_241, seen);

        static byte[] Length(byte[] blob) => [(byte)(blob.Length >> 16), (byte)(blob.Length >> 8), (byte)blob.Length];
    }

    [Fact]
    public void Good_answers_with_some_bytes_changed_are_read_or_refused_by_every_reader()
    {
        using var log = new SigningLog();
        MerkleHash root = MerkleHash.OfEmptyTree;
        byte[][] seeds =
        [
            Encoding.UTF8.GetBytes("""{"entries":[{"leaf_input":"AAEC\/w==","extra_data":"AwQ="},{"leaf_input":"","extra_data":""}]}"""),
            Encoding.UTF8.GetBytes($$"""{"tree_size":1,"timestamp":2,"sha256_root_hash":"{{root}}","tree_head_signature":"BAMAAA=="}"""),
            Encoding.UTF8.GetBytes($$"""{"leaf_index":0,"audit_path":["{{root}}"],"consistency":["{{root}}"],"leaf_input":"AA==","extra_data":""}"""),
            Encoding.UTF8.GetBytes($"log.example\n0\n{root}\n\n{log.Line("log.example", 0, root)}"),
            Encoding.UTF8.GetBytes("""{"version":"1.2","operators":[{"name":"\u00e9","logs":[{"key":"AAAA","url":"https://a.b/","state":{"usable":{}}}]}]}"""),
            [.. new byte[9], 1, .. new byte[32], 0, 0, 1, 9, 0, 8, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, 1, 9, 0, 32, .. new byte[32]],
            log.Key.Spki.ToArray(),
        ];
        var random = new Random(6962);
        foreach (byte[] seed in seeds)
            for (int round = 0; round < 1_500; round++)
            {
                byte[] changed = seed[..(round % 3 == 0 ? random.Next(seed.Length + 1) : seed.Length)];
                for (int i = random.Next(4); i >= 0 && changed.Length > 0; i--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
                FeedToAll(changed, log.Key);
            }
    }

    private static void FeedToAll(byte[] bytes, LogKey key)
    {
        if (GetEntriesJson.TryRead(bytes, new EntryIndex(0), 1_000, out RawBatch? batch, out string? problem)) ReadAll(batch);
        else Assert.NotEmpty(problem);

        foreach (ExtraDataForm form in Enum.GetValues<ExtraDataForm>())
        {
            ReadAll(RecordedEntries.One(bytes, bytes, form));
            ReadAll(RecordedEntries.One([0, 0, .. bytes], bytes, form));
        }
        using (var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.StaticCt))
        {
            DataTile.TryAppend(bytes, 0, 256, builder, out _);
            ReadAll(builder.Build());
        }

        Assert.Equal(SignedHeadJson.TryRead(bytes, out SignedHead? head, out problem), head is not null && problem is null);
        Assert.Equal(ConsistencyJson.TryRead(bytes, out MerkleHash[]? proof, out problem), proof is not null && problem is null);
        Assert.Equal(ProofByHashJson.TryRead(bytes, out _, out proof, out problem), proof is not null && problem is null);
        EntryAndProofJson.TryRead(bytes, out _, out _, out _, out _);
        Assert.Equal(Checkpoint.TryRead(bytes, "log.example", key, out head, out CheckpointReport report), report.Problem is null);
        Assert.Equal(LogList.TryRead(bytes, out LogList? list, out IReadOnlyList<string> problems), list is not null && problems.Count == 0);
        Assert.Equal(LogKey.TryCreate(bytes, out LogKey? read, out problem), read is not null && problem is null);
        key.VerifyDigitallySigned(bytes, bytes);
        LogListSignature.Verify(bytes, bytes, bytes);
    }

    private static void ReadAll(RawBatch batch)
    {
        using RawBatch _ = batch;
        batch.LeafHashes();
        for (int i = 0; i < batch.Count; i++)
        {
            if (LogEntry.Read(batch[i], out LogEntry entry) != EntryFailure.None) continue;
            int read = entry.Certificate.Length + entry.Tbs.Length + entry.PreCertificate.Length + 32 * entry.Fingerprints.Length;
            foreach (ReadOnlySpan<byte> certificate in entry.Chain) read += certificate.Length;
            Assert.InRange(read, 0, batch.ByteLength);
            Assert.True(entry.LeafIndex is null or < 1UL << 40);
        }
    }
}
