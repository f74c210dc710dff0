using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Merkle;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Heads;

/// <summary>C2SP signed-note, tlog-checkpoint, static-ct-api; ct.md §6.</summary>
public class CheckpointTests
{
    private const string Origin = "log.example/2026h2";
    private static readonly MerkleHash Root = RecursiveTree.Leaves(1)[0];
    private readonly SigningLog _log = new();

    private static string Text => $"{Origin}\n300\n{Root.ToBase64()}\n";

    private string Note => $"{Text}\n{_log.Line(Origin, 300, Root)}";

    [Fact]
    public void K8_parcelyards_checkpoint_verifies_and_three_lines_are_ignored()
    {
        byte[] note = SharedData.Bytes("static-ct", "checkpoints", "parcelyard2026h2.1587930800.txt");
        using JsonDocument expected = SharedData.Json("static-ct", "checkpoints", "parcelyard2026h2.1587930800.expected.json");
        string origin = expected.RootElement.GetProperty("origin").GetString()!;
        byte[] spki = expected.RootElement.GetProperty("signatures")[0].GetProperty("log_key").GetBytesFromBase64();
        Assert.True(LogKey.TryCreate(spki, out LogKey? key, out _));

        Assert.Equal(0x93a78ae0u, Checkpoint.KeyIdOf(origin, key.Id));
        Assert.True(Checkpoint.TryRead(note, origin, key, out SignedHead? head, out CheckpointReport report), report.Problem);
        Assert.Null(report.ForeignOrigin);
        Assert.Equal(1_587_930_800UL, head.Size.Value);
        Assert.Equal(1_791_346_973_252UL, head.Timestamp);
        Assert.Equal(expected.RootElement.GetProperty("root_hash").GetString(), head.Root.ToBase64());
        Assert.Equal(note, head.Verbatim.ToArray());

        string text = Encoding.UTF8.GetString(note);
        Assert.Equal(HeadFailure.Signature, Failure(text.Replace("1587930800", "1587930801", StringComparison.Ordinal)));
        Assert.Equal(HeadFailure.Signature, Failure(text.Replace("SVJj", "SVJk", StringComparison.Ordinal)));
        Assert.Equal(HeadFailure.Signature, Failure(text.Replace("k6eK4AAAAaEUmZpE", "k6eK4AAAAaEUmZpF", StringComparison.Ordinal)));

        HeadFailure Failure(string changed)
        {
            Checkpoint.TryRead(Encoding.UTF8.GetBytes(changed), origin, key, out _, out CheckpointReport found);
            return found.Failure;
        }
    }

    [Fact]
    public void Rule_6_2_A_log_signs_with_its_time_under_a_key_id_of_origin_and_log_id()
    {
        LogDescription described = LogDescription.Custom(_log.Key, LogProtocol.StaticCt, "https://monitoring.example/", $"https://{Origin}/");
        Assert.Equal(Origin, described.Origin);
        byte[] keyId = SHA256.HashData([.. Encoding.UTF8.GetBytes(Origin), 0x0A, 5, .. _log.Key.Id.Value.ToArray()])[..4];
        SignedHead signed = _log.Head(300, Root, timestamp: 1_791_346_973_252).Signed;
        byte[] time = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(time, signed.Timestamp);

        Assert.Equal(HeadFailure.None, Read(Signed([.. keyId, .. time, .. signed.Signature.Span]), out SignedHead? head).Failure);
        Assert.Equal((300UL, 1_791_346_973_252UL, Root), (head!.Size.Value, head.Timestamp, head.Root));

        // The time is signed with size and root; another key id is another's line.
        time[7] ^= 1;
        Assert.Equal(HeadFailure.Signature, Read(Signed([.. keyId, .. time, .. signed.Signature.Span]), out _).Failure);
        time[7] ^= 1;
        keyId[3] ^= 1;
        Assert.Equal(HeadFailure.NotSigned, Read(Signed([.. keyId, .. time, .. signed.Signature.Span]), out _).Failure);

        static string Signed(byte[] line) => $"{Text}\n— {Origin} {Convert.ToBase64String(line)}\n";
    }

    [Fact]
    public void K9_a_checkpoint_of_sycamore_whose_signature_does_not_verify_is_in_form_and_refused()
    {
        Assert.True(LogList.TryRead(SharedData.Bytes("loglist", "chrome_all_logs_list.json"), out LogList? list, out _));
        LogDescription sycamore = list.Logs.First(log => log.Description.Contains("Sycamore", StringComparison.Ordinal));
        byte[] line = [0, 0, 0, 0, 0, 0, 1, 0x9b, 0, 0, 0, 0, .. _log.Head(993_762_193, Root).Signed.Signature.Span];
        BinaryPrimitives.WriteUInt32BigEndian(line, Checkpoint.KeyIdOf(sycamore.Origin, sycamore.Key.Id));
        string note = $"{sycamore.Origin}\n993762193\n{Root.ToBase64()}\n\n— grease.invalid {Convert.ToBase64String(new byte[40])}\n— {sycamore.Origin} {Convert.ToBase64String(line)}\n";

        Assert.False(Checkpoint.TryRead(Encoding.UTF8.GetBytes(note), sycamore.Origin, sycamore.Key, out _, out CheckpointReport report));
        // Not out of form: only the signature is wrong.
        Assert.Equal(HeadFailure.Signature, report.Failure);
    }

    [Fact]
    public void Sunlights_checkpoint_verifies_and_has_the_final_head_of_its_description()
    {
        using JsonDocument log = SharedData.Json("static-ct", "sunlight-layout", "tree", "log.v3.json");
        Assert.True(LogKey.TryCreate(log.RootElement.GetProperty("key").GetBytesFromBase64(), out LogKey? key, out _));
        byte[] note = SharedData.Bytes("static-ct", "sunlight-layout", "tree", "checkpoint");
        Assert.True(Checkpoint.TryRead(note, "rome2026h1.example.org", key, out SignedHead? head, out CheckpointReport report), report.Problem);

        JsonElement final = log.RootElement.GetProperty("final_tree_head");
        Assert.Equal(final.GetProperty("tree_size").GetUInt64(), head.Size.Value);
        Assert.Equal(final.GetProperty("sha256_root_hash").GetString(), head.Root.ToBase64());
        Assert.Equal(final.GetProperty("timestamp").GetUInt64(), head.Timestamp);
    }

    [Fact]
    public void Rule_6_3_Another_origin_signed_by_the_same_key_is_accepted_and_reported()
    {
        string note = $"moved.example/\n300\n{Root.ToBase64()}\n\n{_log.Line("moved.example/", 300, Root)}";
        CheckpointReport report = Read(note, out SignedHead? head);
        Assert.NotNull(head);
        Assert.Equal("moved.example/", report.ForeignOrigin);
        Assert.Equal(HeadFailure.None, report.Failure);
    }

    [Fact]
    public void Rule_6_4_Lines_of_unknown_keys_are_ignored_wherever_they_stand()
    {
        string grease = $"— grease.example {Convert.ToBase64String(new byte[9])}\n— {Origin} {Convert.ToBase64String(new byte[72])}\n";
        Assert.Equal(HeadFailure.None, Read($"{Text}\n{grease}{_log.Line(Origin, 300, Root)}{grease}", out _).Failure);
        Assert.Equal(HeadFailure.NotSigned, Read($"{Text}\n{grease}", out _).Failure);
    }

    [Fact]
    public void Rule_6_4_A_second_line_of_the_log_that_fails_refuses_the_note()
    {
        CheckpointReport report = Read(Note + _log.Line(Origin, 301, Root), out SignedHead? head);
        Assert.Equal(HeadFailure.Signature, report.Failure);
        Assert.Null(head);
    }

    [Fact]
    public void A_note_signed_by_another_log_is_not_signed()
    {
        using var other = new SigningLog();
        Assert.Equal(HeadFailure.NotSigned, Read($"{Text}\n{other.Line(Origin, 300, Root)}", out _).Failure);
    }

    [Theory]
    [InlineData("300", "0300")]
    [InlineData("300", "+300")]
    [InlineData("300", "300 ")]
    [InlineData("300", "")]
    [InlineData("300", "9223372036854775808")]
    [InlineData("300", "99999999999999999999999")]
    [InlineData("\n300\n", "\r\n300\r\n")]
    [InlineData("\n300\n", "\n300\nextension\n")]
    [InlineData("\n300\n", "\n\n300\n")]
    [InlineData("\n300\n", "\n300\u0085\n")]
    [InlineData("\n\n", "\n")]
    [InlineData("— ", "- ")]
    [InlineData("— ", "—  ")]
    [InlineData("log.example", "")]
    public void Rule_6_1_Notes_out_of_form_are_refused(string good, string bad)
    {
        string note = Note.Replace(good, bad, StringComparison.Ordinal);
        CheckpointReport report = Read(note, out SignedHead? head);
        Assert.Null(head);
        Assert.NotEqual(HeadFailure.None, report.Failure);
        Assert.NotEmpty(report.Problem!);
    }

    [Fact]
    public void Cut_notes_and_notes_of_other_bytes_are_refused_whatever_they_are()
    {
        byte[] note = Encoding.UTF8.GetBytes(Note);
        for (int length = 0; length < note.Length; length++)
            Assert.False(Checkpoint.TryRead(note.AsMemory(0, length), Origin, _log.Key, out _, out _));
        byte[] broken = [.. note];
        broken[3] = 0xff;
        Assert.False(Checkpoint.TryRead(broken, Origin, _log.Key, out _, out CheckpointReport report));
        Assert.Equal(HeadFailure.Malformed, report.Failure);
    }

    [Fact]
    public void A_note_of_a_thousand_lines_is_refused() =>
        Assert.Equal(HeadFailure.Malformed, Read(Text + "\n" + string.Concat(Enumerable.Repeat(_log.Line(Origin, 300, Root), 1_000)), out _).Failure);

    [Fact]
    public void The_empty_tree_has_a_checkpoint_too()
    {
        string note = $"{Origin}\n0\n{MerkleHash.OfEmptyTree.ToBase64()}\n\n{_log.Line(Origin, 0, MerkleHash.OfEmptyTree)}";
        Read(note, out SignedHead? head);
        Assert.Equal(0UL, head?.Size.Value);
    }

    private CheckpointReport Read(string note, out SignedHead? head)
    {
        bool read = Checkpoint.TryRead(Encoding.UTF8.GetBytes(note), Origin, _log.Key, out head, out CheckpointReport report);
        Assert.Equal(read, report.Failure == HeadFailure.None);
        return report;
    }
}
