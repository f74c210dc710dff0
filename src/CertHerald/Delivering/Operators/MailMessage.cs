using System.Buffers;
using System.Globalization;
using System.Text;

namespace CertHerald.Delivering.Operators;

/// <summary>
/// Mails, in two forms. A draft is what is frozen: its time, its subject and its text, as people read them. A message is what is
/// sent: RFC 5322 and MIME, ASCII only. Whatever a draft holds, a header stays one header.
/// </summary>
internal static class MailMessage
{
    private const string TimeStart = "Date: ", SubjectStart = "Subject: ";

    /// <summary>Shown of a subject, at most, in UTF-16 units.</summary>
    private const int LongestSubject = 200;

    /// <summary>Of UTF-8 in one encoded word. A line that holds one has 76 characters at most, "Subject: " among them: RFC 2047 §2.</summary>
    private const int MostInWord = 39;

    /// <summary>Of an encoded line, RFC 2045 §6.7.</summary>
    private const int LongestLine = 76;

    /// <summary>Writes a draft.</summary>
    public static void WriteDraft(DateTimeOffset at, string subject, string text, IBufferWriter<byte> draft) => Encoding.UTF8.GetBytes(
        $"{TimeStart}{at.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture)}\n{SubjectStart}{OneLine(subject)}\n\n{text}\n", draft);

    /// <summary>Writes the message of a draft.</summary>
    /// <param name="key">Its delivery's: every attempt bears the same Message-ID, by which readers see that it is one mail.</param>
    /// <param name="isTest">Marks it, in a header, as an example.</param>
    public static byte[] Write(MailOptions mail, string key, ReadOnlySpan<byte> draft, bool isTest)
    {
        string[] parts = Encoding.UTF8.GetString(draft).Split("\n\n", 2);
        string[] head = parts[0].Split('\n');
        string time = head.FirstOrDefault(line => line.StartsWith(TimeStart, StringComparison.Ordinal)) ?? "";
        string subject = head.FirstOrDefault(line => line.StartsWith(SubjectStart, StringComparison.Ordinal)) is { } line ? line[SubjectStart.Length..] : "";

        var message = new StringBuilder();
        message.Append("From: CertHerald <").Append(mail.From).Append(">\r\n");
        message.Append("To: ").AppendJoin(",\r\n ", mail.To).Append("\r\n");
        message.Append("Subject: ").Append(EncodeHeader(subject)).Append("\r\n");
        if (time.Length > 0) message.Append(OneLine(time)).Append("\r\n");
        message.Append(CultureInfo.InvariantCulture, $"Message-ID: <{OneLine(key)}@{DomainOf(mail.From)}>\r\n");
        // RFC 3834: whoever is on holiday need not say so to a program.
        message.Append("Auto-Submitted: auto-generated\r\n");
        if (isTest) message.Append("CertHerald-Test: 1\r\n");
        message.Append("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
        foreach (string textLine in (parts.Length > 1 ? parts[1] : "").TrimEnd('\n').Split('\n')) AppendEncoded(message, textLine);
        return Encoding.ASCII.GetBytes(message.ToString());
    }

    public static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];

    /// <summary>A header's text: as it is if it is short ASCII, else in encoded words (RFC 2047 §4.1), a line each.</summary>
    private static string EncodeHeader(string text)
    {
        text = OneLine(text);
        if (text.Length > LongestSubject) text = string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[LongestSubject - 1]) ? LongestSubject - 1 : LongestSubject), "…");
        if (text.Length <= LongestLine - SubjectStart.Length && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains("=?", StringComparison.Ordinal)) return text;

        var words = new List<string>();
        var word = new ArrayBufferWriter<byte>(MostInWord);
        // Runes, not bytes: each word is valid by itself.
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (word.WrittenCount + rune.Utf8SequenceLength > MostInWord) End();
            word.Advance(rune.EncodeToUtf8(word.GetSpan(4)));
        }
        End();
        return string.Join("\r\n ", words);

        void End()
        {
            words.Add($"=?utf-8?B?{Convert.ToBase64String(word.WrittenSpan)}?=");
            word.ResetWrittenCount();
        }
    }

    /// <summary>A line of quoted-printable, RFC 2045 §6.7, broken where it would be too long.</summary>
    private static void AppendEncoded(StringBuilder message, string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte one = bytes[i];
            bool isPlain = one is >= 33 and <= 126 and not (byte)'=' || (one is (byte)' ' or (byte)'\t' && i + 1 < bytes.Length);
            int width = isPlain ? 1 : 3;
            if (length + width > LongestLine - 1)
            {
                message.Append("=\r\n");
                length = 0;
            }
            if (isPlain) message.Append((char)one);
            else message.Append(CultureInfo.InvariantCulture, $"={one:X2}");
            length += width;
        }
        message.Append("\r\n");
    }

    /// <summary>Line ends and other control characters as spaces.</summary>
    private static string OneLine(string text) => string.Create(text.Length, text, static (line, from) =>
    {
        for (int i = 0; i < line.Length; i++) line[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? ' ' : from[i];
    });
}
