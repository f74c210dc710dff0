using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using CertHerald.Delivering.Operators;
using MimeKit;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>What leaves as a mail, byte by byte.</summary>
public sealed partial class MailMessageTests
{
    private static readonly MailOptions Mail = new() { Host = "h", Port = 25, Tls = MailTls.None, From = "herald@example.com", To = ["a@example.com", "b@example.com"] };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_message_is_plain_where_it_can_be() => Assert.Equal(
        """
        From: CertHerald <herald@example.com>
        Date: Sun, 01 Mar 2026 11:00:00 +0000
        Subject: [CertHerald] warning: a webhook fails
        Message-Id: <the-key@example.com>
        To: a@example.com, b@example.com
        Auto-Submitted: auto-generated
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        First line.

        .second=20
        three =3D 3, =C3=A4

        """.ReplaceLineEndings("\r\n"),
        Write("[CertHerald] warning: a webhook fails", "First line.\n\n.second \nthree = 3, ä\n"));

    [Theory]
    [InlineData("a\r\nBcc: x@evil.example\r\n\r\nbody")]
    [InlineData("a\nBcc: x@evil.example\n\nbody")]
    [InlineData("a\rBcc: x\u0085y\u2028z\u2029\0")]
    [InlineData("=?utf-8?B?DQpCY2M6IHg=?=")]
    public void A_subject_stays_one_header_whatever_it_holds(string subject)
    {
        string message = Write(subject, "text\r\n.\r\nMAIL FROM:<x@y>");
        string head = message[..message.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        Assert.Equal(
            ["Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-Id", "Subject", "To"],
            head.Split("\r\n").Where(line => line[0] is not (' ' or '\t')).Select(line => line.Split(':')[0]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain('\r', message.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.Equal(new string([.. subject.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)]).Replace("=?", "= ?", StringComparison.Ordinal).TrimEnd(), SubjectIn(head).TrimEnd());
    }

    [Theory]
    [InlineData("⚠ ключ 鍵 🔑")]
    [InlineData("🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑")]
    [InlineData("a text that is longer than what fits into one line of a header, and so is written in several words")]
    public void A_subject_of_any_script_or_length_arrives_whole_in_short_lines(string subject)
    {
        string message = Write(subject, "");
        Assert.All(message.Split("\r\n"), line => Assert.True(line.Length <= 76, line));
        Assert.Equal(subject, SubjectIn(message[..message.IndexOf("\r\n\r\n", StringComparison.Ordinal)]));
        Assert.All(message, c => Assert.InRange(c, '\n', '~'));
    }

    [Fact]
    public void A_subject_has_an_end()
    {
        string subject = SubjectIn(Write(new string('a', 198) + "a🔑" + new string('b', 5_000), ""));
        Assert.Equal(new string('a', 199) + "…", subject);
    }

    [Fact]
    public void A_long_line_is_broken_and_arrives_whole()
    {
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => i % 7 == 0 ? "ä" : i % 11 == 0 ? " " : "x")) + ".";
        string body = Write("s", text).Split("\r\n\r\n", 2)[1];
        Assert.All(body.Split("\r\n"), line => Assert.True(line.Length <= 76, line));
        Assert.Equal(text, Decoded(body).TrimEnd());
    }

    [Fact]
    public void A_test_is_marked() =>
        Assert.Contains("\r\nCertHerald-Test: 1\r\n", Text(MailMessage.Compose(Mail, "k", Draft("s", "t"), isTest: true)), StringComparison.Ordinal);

    [Theory]
    [InlineData("ops@example.com", true)]
    [InlineData("o.p+s_1@mail-1.example.com", true)]
    [InlineData("ops@localhost", true)]
    [InlineData("Ops <ops@example.com>", false)]
    [InlineData("ops@example.com\r\nRCPT TO:<x@y>", false)]
    [InlineData("ops @example.com", false)]
    [InlineData("ops>@example.com", false)]
    [InlineData("\"o p\"@example.com", false)]
    [InlineData("ops@exa mple.com", false)]
    [InlineData("ops@-a.com", false)]
    [InlineData("ops@a..com", false)]
    [InlineData("o..ps@a.com", false)]
    [InlineData(".ops@a.com", false)]
    [InlineData("öps@example.com", false)]
    [InlineData("@example.com", false)]
    [InlineData("ops@", false)]
    [InlineData("ops", false)]
    public void An_address_is_plain_or_none(string text, bool isAddress) => Assert.Equal(isAddress, MailOptions.IsAddress(text));

    private static byte[] Draft(string subject, string text)
    {
        var draft = new ArrayBufferWriter<byte>();
        MailMessage.WriteDraft(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(1)), subject, text, draft);
        return draft.WrittenSpan.ToArray();
    }

    private static string Write(string subject, string text) => Text(MailMessage.Compose(Mail, "the-key", Draft(subject, text), isTest: false));

    /// <summary>As it is sent.</summary>
    internal static string Text(MimeMessage message)
    {
        using (message)
        using (var written = new MemoryStream())
        {
            message.WriteTo(MailMessage.Format, written, Cancellation);
            return Encoding.ASCII.GetString(written.ToArray());
        }
    }

    // RFC 2047 §6.2: white space between two encoded words is not shown. RFC 5322 §2.2.3: nor is the line end of a folded header.
    private static string SubjectIn(string head) => Word().Replace(
        BetweenWords().Replace(Header().Match(head).Groups[1].Value.Replace("\r\n", "", StringComparison.Ordinal), "?==?"),
        word => word.Groups[1].Value is "b" or "B"
            ? Encoding.UTF8.GetString(Convert.FromBase64String(word.Groups[2].Value))
            : Decoded(word.Groups[2].Value.Replace('_', ' ')));

    private static string Decoded(string body)
    {
        var bytes = new List<byte>();
        string joined = body.Replace("=\r\n", "", StringComparison.Ordinal);
        for (int i = 0; i < joined.Length; i++)
            if (joined[i] != '=') bytes.Add((byte)joined[i]);
            else bytes.Add(Convert.FromHexString(joined.AsSpan(++i, 2))[0] is var one && i++ > 0 ? one : one);
        return Encoding.UTF8.GetString([.. bytes]);
    }

    [GeneratedRegex(@"\r\nSubject: ([^\r]*(?:\r\n[ \t][^\r]*)*)")]
    private static partial Regex Header();

    [GeneratedRegex(@"=\?utf-8\?([bBqQ])\?([^?]*)\?=")]
    private static partial Regex Word();

    [GeneratedRegex(@"\?=[ \t]+=\?")]
    private static partial Regex BetweenWords();
}
