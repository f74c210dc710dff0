using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using CertHerald.Deciding;

namespace CertHerald.Resolving;

/// <summary>What a name server's answer comes to.</summary>
internal enum DnsOutcome
{
    /// <summary>The name has these records, or none.</summary>
    Answered,

    /// <summary>It does not fit into a datagram: ask again over TCP.</summary>
    Truncated,

    /// <summary>It is an answer to something else, perhaps from somebody else: wait on.</summary>
    Foreign,

    /// <summary>The server could not say, or said what cannot be read.</summary>
    Failed,
}

/// <summary>Questions for CAA records, and strict reading of the answers to them. RFC 1035, RFC 6891, RFC 8659. Stateless; never throws on input.</summary>
internal static class DnsMessage
{
    /// <summary>Most bytes of an answer in a datagram that we ask for: what no path splits.</summary>
    public const ushort MostInDatagram = 1232;

    private const ushort TypeCname = 5, TypeOpt = 41, TypeCaa = 257, ClassIn = 1;

    private const int HeaderLength = 12;

    /// <summary>Aliases that are followed within one answer, and records that are read of it.</summary>
    private const int MostAliases = 16, MostRecords = 512;

    /// <summary>A question, with recursion desired.</summary>
    /// <returns>Null if the name fits into no question.</returns>
    public static byte[]? Ask(ushort id, string name)
    {
        if (Encode(name) is not { } encoded) return null;
        byte[] message = new byte[HeaderLength + encoded.Length + 4 + 11];
        Span<byte> rest = message;
        BinaryPrimitives.WriteUInt16BigEndian(rest, id);
        rest[2] = 0x01;                                                      // RD
        rest[5] = 1;                                                         // QDCOUNT
        rest[11] = 1;                                                        // ARCOUNT
        encoded.CopyTo(rest[HeaderLength..]);
        rest = rest[(HeaderLength + encoded.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, TypeCaa);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], ClassIn);
        BinaryPrimitives.WriteUInt16BigEndian(rest[5..], TypeOpt);           // after the root's name
        BinaryPrimitives.WriteUInt16BigEndian(rest[7..], MostInDatagram);
        return message;
    }

    /// <summary>Reads an answer to a question.</summary>
    /// <param name="records">The CAA records of the name, or of what it is an alias of.</param>
    /// <param name="problem">What failed; empty if nothing did.</param>
    public static DnsOutcome Read(ReadOnlySpan<byte> message, ushort id, string name, out IReadOnlyList<CaaRecord> records, out string problem)
    {
        records = [];
        problem = "";
        if (message.Length < HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(message) != id || (message[2] & 0xF8) != 0x80) return DnsOutcome.Foreign;
        int code = message[3] & 0x0F, questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]), answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
        int at = HeaderLength;
        if (questions != 1 || !TryReadName(message, ref at, out string asked) || !string.Equals(asked, name, StringComparison.OrdinalIgnoreCase)
            || message.Length - at < 4 || BinaryPrimitives.ReadUInt16BigEndian(message[at..]) != TypeCaa || BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]) != ClassIn)
            return DnsOutcome.Foreign;
        at += 4;
        if ((message[2] & 0x02) != 0) return DnsOutcome.Truncated;
        // 3: there is no such name, so it has no records.
        if (code is not (0 or 3))
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"the name server answered {(code switch { 1 => "FORMERR", 2 => "SERVFAIL", 4 => "NOTIMP", 5 => "REFUSED", _ => "an error" })} ({code})");
            return DnsOutcome.Failed;
        }
        if (answers > MostRecords)
        {
            problem = "the answer has more records than any name has";
            return DnsOutcome.Failed;
        }

        var aliases = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var found = new List<(string Owner, CaaRecord Record)>();
        for (int i = 0; i < answers; i++)
            if (!TryReadRecord(message, ref at, aliases, found))
            {
                problem = "the answer holds a record that cannot be read";
                return DnsOutcome.Failed;
            }

        string owner = name;
        int steps = 0;
        while (aliases.TryGetValue(owner, out string? target))
        {
            if (++steps > MostAliases)
            {
                problem = "the name is an alias of too many others";
                return DnsOutcome.Failed;
            }
            owner = target;
        }
        // Only what belongs to the name: a server may add anything.
        records = [.. found.Where(one => string.Equals(one.Owner, owner, StringComparison.OrdinalIgnoreCase)).Select(one => one.Record)];
        return DnsOutcome.Answered;
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> message, ref int at, Dictionary<string, string> aliases, List<(string, CaaRecord)> found)
    {
        if (!TryReadName(message, ref at, out string owner) || message.Length - at < 10) return false;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]), @class = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        at += 10;
        if (message.Length - at < length) return false;
        int end = at + length;
        if (@class == ClassIn && type == TypeCname)
        {
            int inner = at;
            if (!TryReadName(message, ref inner, out string target) || inner != end) return false;
            aliases[owner] = target;
        }
        else if (@class == ClassIn && type == TypeCaa)
        {
            if (ReadCaa(message[at..end]) is not { } record) return false;
            found.Add((owner, record));
        }
        at = end;
        return true;
    }

    /// <summary>RFC 8659 §4.1. Null for what breaks its rules, and for values outside printable ASCII, which no CA's name has.</summary>
    private static CaaRecord? ReadCaa(ReadOnlySpan<byte> data)
    {
        if (data.Length < 2 || data[1] == 0 || data.Length < 2 + data[1]) return null;
        ReadOnlySpan<byte> tag = data.Slice(2, data[1]), value = data[(2 + data[1])..];
        foreach (byte one in tag) if (!char.IsAsciiLetterOrDigit((char)one)) return null;
        foreach (byte one in value) if (one is < 0x20 or > 0x7E) return null;
        return new CaaRecord(data[0], Encoding.ASCII.GetString(tag).ToLowerInvariant(), Encoding.ASCII.GetString(value));
    }

    /// <summary>Reads a name, following pointers backwards only, so that it ends. In text, without the last dot.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        int next = at, after = -1, lowest = at;
        while (next < message.Length)
        {
            int length = message[next];
            if (length == 0)
            {
                at = after >= 0 ? after : next + 1;
                name = text.ToString();
                return true;
            }
            if ((length & 0xC0) == 0xC0)
            {
                if (next + 1 >= message.Length) return false;
                int target = ((length & 0x3F) << 8) | message[next + 1];
                if (after < 0) after = next + 2;
                if (target >= lowest) return false;
                next = lowest = target;
                continue;
            }
            if (length > 63 || next + 1 + length > message.Length || text.Length + length + 1 > 254) return false;
            if (text.Length > 0) text.Append('.');
            foreach (byte one in message.Slice(next + 1, length))
            {
                // A dot within a label, or what is no text, is in no name of ours.
                if (one is <= 0x20 or >= 0x7F or (byte)'.') return false;
                text.Append((char)one);
            }
            next += 1 + length;
        }
        return false;
    }

    private static byte[]? Encode(string name)
    {
        if (name.Length is 0 or > 253) return null;
        byte[] encoded = new byte[name.Length + 2];
        int at = 0;
        foreach (string label in name.Split('.'))
        {
            if (label.Length is 0 or > 63 || !label.All(one => one is > ' ' and < '\x7F')) return null;
            encoded[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, encoded.AsSpan(at));
        }
        return encoded;
    }
}
