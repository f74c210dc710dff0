using System.Text;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Entries;

namespace CertHerald.Tests.Transparency.Entries;

/// <summary>RFC 6962 §3.4, §4.6; ct.md §2, 5.5.</summary>
public class LogEntryTests
{
    private static readonly byte[] Head = [0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0];
    private static readonly byte[] X509 = [.. Head, 0, 0, 2, 0x30, 0, 0, 0];
    private static readonly byte[] NoChain = [0, 0, 0];

    [Fact]
    public void Four_entries_of_googles_implementation_are_certificates_to_the_last_byte()
    {
        byte[] answer = SharedData.Bytes("rfc6962", "ct-go", "scanner__scanner_test_data.FourEntries.json");
        using RawBatch batch = RecordedEntries.Read(answer, 0, 4);
        Assert.Equal(4, batch.Count);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(EntryFailure.None, LogEntry.Read(batch[i], out LogEntry entry));
            Assert.Equal(ExtraFailure.None, entry.ExtraFailure);
            Assert.Equal(EntryType.X509, entry.Type);
            Assert.Equal(batch[i].LeafInput.Length - 12 - 3 - 2, entry.Certificate.Length);
            Assert.Equal(0x30, entry.Certificate[0]);
            Assert.True(entry.Tbs.IsEmpty && entry.IssuerKeyHash.IsEmpty && entry.PreCertificate.IsEmpty && entry.Fingerprints.IsEmpty);
            Assert.Null(entry.LeafIndex);
            int chain = 0;
            foreach (ReadOnlySpan<byte> certificate in entry.Chain)
            {
                Assert.Equal(0x30, certificate[0]);
                chain++;
            }
            Assert.InRange(chain, 1, 5);
        }
    }

    [Theory]
    [InlineData("CertEntry", EntryType.X509)]
    [InlineData("PrecertEntry", EntryType.Precert)]
    public void The_entries_in_the_go_implementations_tests_are_read(string name, EntryType type)
    {
        byte[] leaf = Convert.FromBase64String(SharedData.Text("rfc6962", "ct-go", $"client__logclient_test.{name}B64.txt"));
        byte[] extra = Convert.FromBase64String(SharedData.Text("rfc6962", "ct-go", $"client__logclient_test.{name}ExtraDataB64.txt"));
        using RawBatch batch = RecordedEntries.One(leaf, extra);
        Assert.Equal(EntryFailure.None, LogEntry.Read(batch[0], out LogEntry entry));
        Assert.Equal((type, ExtraFailure.None), (entry.Type, entry.ExtraFailure));
        Assert.Equal(type == EntryType.Precert ? 32 : 0, entry.IssuerKeyHash.Length);
        Assert.Equal(type == EntryType.Precert, !entry.PreCertificate.IsEmpty);
    }

    [Fact]
    public void Certificates_submitted_to_the_recorded_server_come_back_with_their_chains()
    {
        int seen = 0;
        foreach (JsonElement row in SharedData.JsonLines("get-entries", "x509-selection.entries.jsonl.gz"))
        {
            using RawBatch batch = RecordedEntries.One(
                row.GetProperty("leaf_input").GetBytesFromBase64(), row.GetProperty("extra_data").GetBytesFromBase64());
            Assert.Equal(EntryFailure.None, LogEntry.Read(batch[0], out LogEntry entry));
            Assert.Equal((EntryType.X509, ExtraFailure.None), (entry.Type, entry.ExtraFailure));
            Assert.False(entry.Chain.IsEmpty);
            seen++;
        }
        Assert.Equal(119, seen);
    }

    [Fact]
    public void Rule_2_1_What_a_leaf_lacks_or_has_too_much_of_is_named()
    {
        Assert.Equal(EntryFailure.None, Read(X509, NoChain, out _));
        Assert.Equal(EntryFailure.TrailingBytes, Read([.. X509, 0], NoChain, out _));
        Assert.Equal(EntryFailure.Version, Read([1, .. X509[1..]], NoChain, out _));
        Assert.Equal(EntryFailure.LeafType, Read([0, 1, .. X509[2..]], NoChain, out _));
        Assert.Equal(EntryFailure.EntryType, Read([.. X509[..11], 2, .. X509[12..]], NoChain, out _));
        Assert.Equal(EntryFailure.EntryType, Read([.. X509[..10], 1, 0, .. X509[12..]], NoChain, out _));
        for (int length = 0; length < X509.Length; length++)
            Assert.Equal(EntryFailure.LeafFrame, Read(X509[..length], NoChain, out _));

        byte[] precert = [.. Head[..11], 1, .. new byte[32], 0, 0, 2, 0x30, 0, 0, 0];
        Assert.Equal(EntryFailure.None, Read(precert, [0, 0, 0, 0, 0, 0], out _));
        for (int length = 0; length < precert.Length; length++)
            Assert.Equal(EntryFailure.LeafFrame, Read(precert[..length], NoChain, out _));
    }

    [Fact]
    public void Faults_beside_the_leaf_leave_the_leaf_readable()
    {
        byte[] precert = [.. Head[..11], 1, .. new byte[32], 0, 0, 2, 0x30, 0, 0, 0];
        foreach ((byte[] leaf, byte[] extra, ExtraFailure expected) in new (byte[], byte[], ExtraFailure)[]
        {
            (X509, [], ExtraFailure.Chain),
            (X509, [0, 0, 1], ExtraFailure.Chain),
            (X509, [0, 0, 4, 0, 0, 2, 9], ExtraFailure.Chain),
            (X509, [0, 0, 4, 0, 0, 1, 9], ExtraFailure.None),
            (X509, [0, 0, 4, 0, 0, 1, 9, 0], ExtraFailure.TrailingBytes),
            (precert, [], ExtraFailure.PreCertificate),
            (precert, [0, 0, 9, 1], ExtraFailure.PreCertificate),
            (precert, [0, 0, 1, 7], ExtraFailure.Chain),
            (precert, [0, 0, 1, 7, 0, 0, 0], ExtraFailure.None),
        })
        {
            Assert.Equal(EntryFailure.None, Read(leaf, extra, out ExtraFailure found));
            Assert.Equal(expected, found);
        }
        Assert.Equal(EntryFailure.None, Read(X509, [0, 31, .. new byte[31]], out ExtraFailure uneven, ExtraDataForm.StaticCt));
        Assert.Equal(ExtraFailure.Chain, uneven);
    }

    [Theory]
    [InlineData("00000500000001ff", 511UL)]
    [InlineData("000005ffffffffff", 1099511627775UL)]
    [InlineData("0700010000000500000001ff", 511UL)]
    [InlineData("00000500000001ff070000", 511UL)]
    [InlineData("", null)]
    [InlineData("00000400000001", null)]
    [InlineData("00000600000001ff00", null)]
    [InlineData("00000500000001", null)]
    [InlineData("070005000000", null)]
    [InlineData("00000500000001ff00000500000001ff", null)]
    public void The_leaf_index_is_the_one_extension_of_type_0(string extensions, ulong? index)
    {
        byte[] bytes = Convert.FromHexString(extensions);
        using RawBatch batch = RecordedEntries.One([.. X509[..^1], (byte)bytes.Length, .. bytes], NoChain);
        Assert.Equal(EntryFailure.None, LogEntry.Read(batch[0], out LogEntry entry));
        Assert.Equal(index, entry.LeafIndex);
        Assert.Equal(9UL, entry.Timestamp);
    }

    private static EntryFailure Read(
        byte[] leaf, byte[] extra, out ExtraFailure beside, ExtraDataForm form = ExtraDataForm.Rfc6962)
    {
        using RawBatch batch = RecordedEntries.One(leaf, extra, form);
        EntryFailure failure = LogEntry.Read(batch[0], out LogEntry entry);
        beside = entry.ExtraFailure;
        return failure;
    }
}
