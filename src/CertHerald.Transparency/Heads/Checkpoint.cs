using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Heads;

/// <summary>What reading a checkpoint showed besides the head.</summary>
/// <param name="Failure">Why it is refused, if it is.</param>
/// <param name="Problem">The same for people; null if it is not refused.</param>
/// <param name="ForeignOrigin">
/// The origin the log gave itself, where it is not the expected one: the key's signature stands all the same, for it does
/// not cover the origin. Null if it is the expected one.
/// </param>
public readonly record struct CheckpointReport(HeadFailure Failure, string? Problem, string? ForeignOrigin);

/// <summary>Reads the heads of tiled logs: signed notes. C2SP signed-note, tlog-checkpoint, static-ct-api.</summary>
public static class Checkpoint
{
    private const int MaxLines = 100;
    private const byte Rfc6962NoteSignature = 5;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads a note and checks every signature line of this log in it; lines of other keys (witnesses, grease) are ignored.
    /// </summary>
    /// <param name="note">Kept as evidence: the memory must stay as it is.</param>
    /// <param name="origin">The log's submission prefix without scheme and final slash.</param>
    /// <param name="head">The head, with the log's first signature; null if refused.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> note, string origin, LogKey key,
        [NotNullWhen(true)] out SignedHead? head, out CheckpointReport report)
    {
        ArgumentNullException.ThrowIfNull(key);
        head = null;
        string? problem = Read(note, key, out SignedHead? read, out string found, out HeadFailure failure);
        string? foreign = found == origin || found.Length == 0 ? null : found;
        report = new CheckpointReport(failure, problem, foreign);
        if (problem is null) head = read;
        return head is not null;
    }

    /// <summary>The four bytes that name a log's key in its signature lines: SHA-256(origin ‖ 0A ‖ 05 ‖ log id), cut.</summary>
    public static uint KeyIdOf(string origin, LogId log)
    {
        ArgumentNullException.ThrowIfNull(origin);
        byte[] input = [.. Encoding.UTF8.GetBytes(origin), (byte)'\n', Rfc6962NoteSignature, .. log.Value.ToArray()];
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(input));
    }

    /// <summary>What a note says in its first line, unchecked: the origin, of a checkpoint. Empty if it is not text.</summary>
    public static string OriginOf(ReadOnlySpan<byte> note)
    {
        int end = note.IndexOf((byte)'\n');
        return end > 0 && Utf8.IsValid(note[..end]) ? StrictUtf8.GetString(note[..end]) : "";
    }

    private static string? Read(
        ReadOnlyMemory<byte> note, LogKey key, out SignedHead? head, out string origin, out HeadFailure failure)
    {
        (head, origin, failure) = (null, "", HeadFailure.Malformed);
        if (!Utf8.IsValid(note.Span)) return "the note is not UTF-8";
        string text = StrictUtf8.GetString(note.Span);
        foreach (char c in text)
            if (c != '\n' && char.IsControl(c)) return "the note holds a control character";

        int split = text.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0 || !text.EndsWith('\n')) return "the note has no signature lines";
        string[] body = text[..split].Split('\n');
        string[] signatures = split + 2 >= text.Length ? [] : text[(split + 2)..^1].Split('\n');

        if (body.Length != 3) return $"the checkpoint has {body.Length} lines above its signatures, not 3";
        if (body[0].Length == 0) return "the origin is empty";
        if (!TryReadSize(body[1], out ulong size)) return "the tree size is not a plain decimal number in range";
        if (!MerkleHash.TryParseBase64(body[2], out MerkleHash root)) return "the root is not base64 of 32 bytes";
        if (signatures.Length == 0) return "the note has no signature lines";
        if (signatures.Length > MaxLines) return $"the note has more than {MaxLines} signature lines";

        origin = body[0];
        uint keyId = KeyIdOf(origin, key.Id);
        foreach (string line in signatures)
        {
            if (!TryReadLine(line, out string name, out byte[] blob)) return "a signature line is malformed";
            if (name != origin || BinaryPrimitives.ReadUInt32BigEndian(blob) != keyId) continue;

            failure = HeadFailure.Signature;
            if (blob.Length < 12) return "the log's signature is cut";
            var signed = new SignedHead
            {
                Size = new TreeSize(size),
                Timestamp = BinaryPrimitives.ReadUInt64BigEndian(blob.AsSpan(4)),
                Root = root,
                Signature = blob.AsMemory(12),
                Verbatim = note,
            };
            if (!VerifiedHead.TryVerify(signed, key, out _)) return "the log's signature is not valid";
            head ??= signed;
            failure = HeadFailure.Malformed;
        }

        failure = head is null ? HeadFailure.NotSigned : HeadFailure.None;
        return head is null ? "no signature line is this log's" : null;
    }

    private static bool TryReadSize(string text, out ulong size)
    {
        size = 0;
        if (text.Length is 0 or > 19 || (text[0] == '0' && text.Length > 1)) return false;
        foreach (char c in text)
        {
            if (!char.IsAsciiDigit(c)) return false;
            size = size * 10 + (ulong)(c - '0');
        }
        return size <= SignedHead.MaxSize;
    }

    private static bool TryReadLine(string line, out string name, out byte[] blob)
    {
        (name, blob) = ("", []);
        if (!line.StartsWith("— ", StringComparison.Ordinal)) return false;
        int space = line.IndexOf(' ', 2);
        if (space <= 2) return false;

        name = line[2..space];
        foreach (char c in name)
            if (char.IsWhiteSpace(c) || c == '+') return false;

        ReadOnlySpan<byte> text = Encoding.UTF8.GetBytes(line[(space + 1)..]);
        var bytes = new byte[JsonAnswer.DecodedLength(text)];
        if (bytes.Length < 5 || !JsonAnswer.TryDecode(text, bytes, out _)) return false;
        blob = bytes;
        return true;
    }
}
