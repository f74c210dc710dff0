using System.Buffers;
using System.Globalization;
using System.Text;
using MimeKit;
using MimeKit.Utils;

namespace CertHerald.Delivering.Operators;

/// <summary>
/// Mails, in two forms. A draft is what is frozen: its time, its subject and its text, as people read them. A message is what is
/// sent: RFC 5322 and MIME, by MimeKit. Whatever a draft holds, a header stays one header.
/// </summary>
internal static class MailMessage
{
    private const string TimeStart = "Date: ", SubjectStart = "Subject: ";

    /// <summary>Shown of a subject, at most, in UTF-16 units.</summary>
    private const int LongestSubject = 200;

    /// <summary>How a message is written. No line that holds an encoded word exceeds 76 characters, RFC 2047 §2: MimeKit's may be longer than it is told.</summary>
    public static FormatOptions Format { get; } = new() { NewLineFormat = NewLineFormat.Dos, MaxLineLength = 64 };

    /// <summary>Writes a draft.</summary>
    public static void WriteDraft(DateTimeOffset at, string subject, string text, IBufferWriter<byte> draft) => Encoding.UTF8.GetBytes(
        $"{TimeStart}{at.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture)}\n{SubjectStart}{OneLine(subject)}\n\n{text}\n", draft);

    /// <summary>The message of a draft.</summary>
    /// <param name="key">Its delivery's: every attempt bears the same Message-ID, by which readers see that it is one mail.</param>
    /// <param name="isTest">Marks it, in a header, as an example.</param>
    public static MimeMessage Compose(MailOptions mail, string key, ReadOnlySpan<byte> draft, bool isTest)
    {
        string[] parts = Encoding.UTF8.GetString(draft).Split("\n\n", 2);
        string[] head = parts[0].Split('\n');
        var message = new MimeMessage { MessageId = $"{OneLine(key)}@{DomainOf(mail.From)}" };
        var subject = new Header(HeaderId.Subject, "");
        subject.SetValue(Format, Encoding.UTF8, Cut(Plain(OneLine(ValueOf(SubjectStart)))));
        message.Headers.Replace(subject);
        message.From.Add(new MailboxAddress("CertHerald", mail.From));
        message.To.AddRange(mail.To.Select(address => new MailboxAddress(null, address)));
        // As it was frozen: every attempt is the same mail.
        if (DateUtils.TryParse(ValueOf(TimeStart), out DateTimeOffset at)) message.Date = at;
        // RFC 3834: whoever is on holiday need not say so to a program.
        message.Headers.Add("Auto-Submitted", "auto-generated");
        if (isTest) message.Headers.Add("CertHerald-Test", "1");
        message.Body = new TextPart("plain") { Text = (parts.Length > 1 ? parts[1] : "").TrimEnd('\n') + "\n", ContentTransferEncoding = ContentEncoding.QuotedPrintable };
        return message;

        string ValueOf(string start) => head.FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) is { } line ? line[start.Length..] : "";
    }

    public static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];

    /// <summary>What would be taken for an encoded word, RFC 2047, stays what it is.</summary>
    private static string Plain(string subject) => subject.Replace("=?", "= ?", StringComparison.Ordinal);

    private static string Cut(string subject) => subject.Length <= LongestSubject
        ? subject
        : string.Concat(subject.AsSpan(0, char.IsHighSurrogate(subject[LongestSubject - 1]) ? LongestSubject - 1 : LongestSubject), "…");

    /// <summary>Line ends and other control characters as spaces.</summary>
    private static string OneLine(string text) => string.Create(text.Length, text, static (line, from) =>
    {
        for (int i = 0; i < line.Length; i++) line[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? ' ' : from[i];
    });
}
