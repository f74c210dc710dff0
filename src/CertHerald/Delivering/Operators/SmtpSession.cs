using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Fetching;

namespace CertHerald.Delivering.Operators;

/// <summary>A conversation with a mail server: RFC 5321, with STARTTLS (RFC 3207) and AUTH (RFC 4954). Trusts nothing that it reads.</summary>
/// <param name="trust">What the server's certificate must lead to; null: what this machine trusts.</param>
internal sealed class SmtpSession(Stream connection, X509ChainPolicy? trust) : IAsyncDisposable
{
    /// <summary>RFC 5321 §4.5.3.1.5 allows 512; some servers say more.</summary>
    private const int LongestLine = 2_048, MostLines = 100;

    private readonly byte[] _buffer = new byte[4_096];
    private Stream _stream = connection;
    private int _start, _end;

    /// <summary>What the server says it can do, by keyword, as it answered EHLO last.</summary>
    private Dictionary<string, string> _abilities = [];

    /// <summary>Greets; with TLS as asked, before anything else is said.</summary>
    /// <exception cref="SmtpException">It does not speak SMTP, refuses, or does not offer what is asked.</exception>
    /// <exception cref="AuthenticationException">Its certificate is not valid.</exception>
    public async Task OpenAsync(MailOptions mail, CancellationToken cancellation)
    {
        if (mail.Tls == MailTls.Implicit) await EncryptAsync(mail, cancellation);
        await ExpectAsync(220, cancellation);
        string domain = MailMessage.DomainOf(mail.From);
        await HelloAsync(domain, cancellation);
        if (mail.Tls != MailTls.StartTls) return;

        if (!_abilities.ContainsKey("STARTTLS")) throw new SmtpException("the server offers no STARTTLS") { IsTls = true };
        await SayAsync("STARTTLS", 220, cancellation);
        // What came with the answer came in the clear: somebody on the way may have put it there.
        if (_start < _end) throw new SmtpException("the server spoke on after STARTTLS, unencrypted") { IsTls = true };
        await EncryptAsync(mail, cancellation);
        await HelloAsync(domain, cancellation);
    }

    /// <summary>Signs in, by PLAIN or else LOGIN.</summary>
    /// <exception cref="SmtpException">It refuses, or knows neither.</exception>
    public async Task SignInAsync(string user, string password, CancellationToken cancellation)
    {
        string[] ways = _abilities.GetValueOrDefault("AUTH", "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (ways.Contains("PLAIN", StringComparer.OrdinalIgnoreCase))
        {
            await SayAsync($"AUTH PLAIN {Base64($"\0{user}\0{password}")}", 235, cancellation);
        }
        else if (ways.Contains("LOGIN", StringComparer.OrdinalIgnoreCase))
        {
            await SayAsync("AUTH LOGIN", 334, cancellation);
            await SayAsync(Base64(user), 334, cancellation);
            await SayAsync(Base64(password), 235, cancellation);
        }
        else
        {
            throw new SmtpException("the server offers neither AUTH PLAIN nor AUTH LOGIN");
        }
    }

    /// <summary>Hands a message over. It has it once this returns.</summary>
    /// <returns>What it said to the message, and before it to each recipient that it refused.</returns>
    /// <exception cref="SmtpException">It refuses the sender, every recipient, or the message.</exception>
    public async Task<SmtpReply> SendAsync(string from, IReadOnlyList<string> to, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        await SayAsync($"MAIL FROM:<{from}>", 250, cancellation);
        var refused = new List<SmtpReply>();
        foreach (string recipient in to)
        {
            await WriteAsync($"RCPT TO:<{recipient}>", cancellation);
            SmtpReply reply = await ReadAsync(cancellation);
            if (reply.Code is not (250 or 251)) refused.Add(reply with { Text = $"{recipient}: {reply.Text}" });
        }
        if (refused.Count == to.Count) throw new SmtpException(refused[0]);

        await SayAsync("DATA", 354, cancellation);
        await _stream.WriteAsync(Stuffed(message.Span), cancellation);
        await _stream.FlushAsync(cancellation);
        SmtpReply taken = await ExpectAsync(250, cancellation);
        return taken with { Text = string.Join('\n', [.. refused.Select(one => one.Text), taken.Text]) };
    }

    /// <summary>Takes its leave, and does not wait for the answer.</summary>
    public async Task QuitAsync(CancellationToken cancellation)
    {
        try
        {
            await WriteAsync("QUIT", cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It has gone first.
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    /// <summary>With the dot that ends it; a line that begins with one gets another: RFC 5321 §4.5.2.</summary>
    internal static byte[] Stuffed(ReadOnlySpan<byte> message)
    {
        var stuffed = new List<byte>(message.Length + 64);
        for (int i = 0; i < message.Length; i++)
        {
            if (message[i] == '.' && (i == 0 || message[i - 1] == '\n')) stuffed.Add((byte)'.');
            stuffed.Add(message[i]);
        }
        if (!message.EndsWith("\r\n"u8)) stuffed.AddRange("\r\n"u8);
        stuffed.AddRange(".\r\n"u8);
        return [.. stuffed];
    }

    private async Task HelloAsync(string domain, CancellationToken cancellation)
    {
        SmtpReply reply = await SayAsync($"EHLO {domain}", 250, cancellation);
        _abilities = [];
        foreach (string line in reply.Text.Split('\n').Skip(1))
        {
            string[] words = line.Split(' ', 2);
            _abilities[words[0].ToUpperInvariant()] = words.Length > 1 ? words[1] : "";
        }
    }

    private async Task EncryptAsync(MailOptions mail, CancellationToken cancellation)
    {
        var encrypted = new SslStream(_stream);
        _stream = encrypted;
        await encrypted.AuthenticateAsClientAsync(ClientTls.Options(mail.Host.TrimEnd('.'), trust), cancellation);
    }

    private async Task<SmtpReply> SayAsync(string command, int expected, CancellationToken cancellation)
    {
        await WriteAsync(command, cancellation);
        return await ExpectAsync(expected, cancellation);
    }

    private async Task WriteAsync(string command, CancellationToken cancellation)
    {
        // Addresses were checked when they were configured; a line end here would be a command of somebody else's.
        if (command.AsSpan().ContainsAny('\r', '\n')) throw new SmtpException("a command with a line end in it was not sent");
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), cancellation);
        await _stream.FlushAsync(cancellation);
    }

    private async Task<SmtpReply> ExpectAsync(int code, CancellationToken cancellation)
    {
        SmtpReply reply = await ReadAsync(cancellation);
        return reply.Code == code ? reply : throw new SmtpException(reply);
    }

    /// <summary>A reply of one line or several: RFC 5321 §4.2.1.</summary>
    private async Task<SmtpReply> ReadAsync(CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (lines.Count < MostLines)
        {
            string line = await ReadLineAsync(cancellation);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int code) || (line.Length > 3 && line[3] is not (' ' or '-')))
                throw new SmtpException("the server does not speak SMTP");
            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] == ' ') return new SmtpReply(code, string.Join('\n', lines));
        }
        throw new SmtpException("the server's answer has no end");
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new List<byte>();
        while (true)
        {
            if (_start == _end)
            {
                (_start, _end) = (0, await _stream.ReadAsync(_buffer, cancellation));
                if (_end == 0) throw new IOException("the server closed the connection");
            }
            byte one = _buffer[_start++];
            if (one == '\n') return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            if (line.Count >= LongestLine) throw new SmtpException("the server's answer has no end");
            line.Add(one);
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <summary>A reply: its code, and its lines without it.</summary>
internal sealed record SmtpReply(int Code, string Text);

/// <summary>The server said no, or something that is not SMTP.</summary>
internal sealed class SmtpException : Exception
{
    public SmtpException(string message)
        : base(message)
    {
    }

    public SmtpException(SmtpReply reply)
        : base($"the server answered {reply.Code}") => Reply = reply;

    public SmtpReply? Reply { get; }

    /// <summary>It is its encryption that fails.</summary>
    public bool IsTls { get; init; }
}
