using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald webhooks</c>: who is told, and the webhooks that are added while the service runs.</summary>
internal static class WebhooksCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The webhook's name." };

    private static readonly Option<string> Url = new("--url") { Description = "Where events are POSTed: https://user:password@host/path, env:NAME or file:PATH.", HelpName = "URL" };

    private static readonly Option<string> Dialect = new("--dialect") { Description = "The language of the bodies: certspotter, meta or native.", HelpName = "DIALECT" };

    private static readonly Option<string[]> Events = new("--event") { Description = "A kind of event it gets; give it once for each.", HelpName = "EVENT" };

    private static readonly Option<string[]> Headers = new("--header") { Description = "A header to send, \"Name: value\"; the value may be env:NAME or file:PATH. Give it once for each.", HelpName = "HEADER" };

    private static readonly Option<string> Secret = new("--secret") { Description = "What to sign with, instead of a secret that is made: whsec_…, env:NAME or file:PATH.", HelpName = "SECRET" };

    private static readonly Option<string> AppSecret = new("--app-secret") { Description = "The app secret that requests are signed with, instead of one that is made, for the dialect meta: TEXT, env:NAME or file:PATH.", HelpName = "SECRET" };

    private static readonly Option<string> VerifyToken = new("--verify-token") { Description = "Asks the receiver first, with this token, for the dialect meta: TEXT, env:NAME or file:PATH.", HelpName = "TOKEN" };

    private static readonly Option<bool?> IncludeValues = new("--include-values") { Description = "Whether bodies carry the certificate, for the dialect meta. Default: true" };

    private static readonly Option<bool?> AcceptAny2xx = new("--accept-any-2xx") { Description = "Whether 201 to 299 count as delivered too, for the dialect meta." };

    private static readonly Option<int?> MaxBatch = new("--max-batch") { Description = "Events in one body, at most, for the dialect meta. Default: 1", HelpName = "NUMBER" };

    private static readonly Option<int?> MaxBatchBytes = new("--max-batch-bytes") { Description = "Bytes of a body about several events, at most, for the dialect meta. Default: 100000", HelpName = "NUMBER" };

    internal static readonly Option<string> ClientCertificate = new("--client-certificate") { Description = "What its receiver knows us by, PEM: file:PATH or env:NAME; an empty text takes it away.", HelpName = "PEM" };

    internal static readonly Option<string> ClientKey = new("--client-key") { Description = "The key of the client certificate, PEM, if it does not stand in the same file: file:PATH or env:NAME.", HelpName = "PEM" };

    internal static readonly Option<string> Ca = new("--ca") { Description = "The CA that its receiver's certificate must lead to, in place of those that this machine trusts, PEM: file:PATH or env:NAME; an empty text takes it away.", HelpName = "PEM" };

    private static readonly Option<bool?> Signed = new("--signed") { Description = "Whether requests are signed. Default: for the dialect native." };

    private static readonly Option<bool?> Evidence = new("--evidence") { Description = "Whether bodies carry the inclusion proof." };

    private static readonly Option<int?> Concurrency = new("--concurrency") { Description = "Requests at once. Default: 8", HelpName = "NUMBER" };

    private static readonly Option<double?> Rate = new("--rate") { Description = "Requests a second, at most. Default: 50", HelpName = "NUMBER" };

    private static readonly Option<string> Overlap = new("--overlap") { Description = "How long the old secret signs beside the new one, up to 7d. Default: 24h", HelpName = "TIME" };

    private static readonly Option<string> Example = new("--example") { Description = "Which example, for the dialect meta: certificate or phishing. Default: certificate", HelpName = "NAME" };

    private static readonly Option<string> Reason = new("--reason") { Description = "Why, for who looks later.", HelpName = "TEXT" };

    public static Command Create() => new Command("webhooks", "Shows who is told, and adds, changes and removes webhooks while the service runs. Changes are in force at once and survive a restart.")
    {
        List(), Add(), Change(),
        Ask("remove", "Removes a webhook that was added with 'webhooks add', with its secrets. What it is owed waits for one of its name.", HttpMethod.Delete, "", "was removed"),
        RotateSecret(),
        Test(), Hold(),
        Ask("resume", "Ends a hold: what waited is due.", HttpMethod.Post, "/resume", "gets its deliveries again"),
    }.WithExamples("""
        certherald webhooks list
        certherald webhooks add siem --url file:/run/secrets/siem-url --signed
        certherald webhooks rotate-secret siem --overlap 48h
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows every webhook, without its secrets.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement webhooks = await LocalAccess.Of(parsed).GetAsync("/api/webhooks", stopping);
            if (parsed.GetValue(LocalAccess.Json)) Console.Out.WriteLine(webhooks.GetRawText());
            else if (webhooks.GetArrayLength() == 0) Console.Out.WriteLine("no webhook: add one with 'certherald webhooks add NAME --url URL'");
            else foreach (JsonElement webhook in webhooks.EnumerateArray()) Console.Out.WriteLine(Describe(webhook));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald webhooks list --json");
    }

    private static Command Add()
    {
        var command = new Command("add", "Adds a webhook. A secret that is made for it is printed here, and never again.")
        { Name, Url, Dialect, Events, Headers, Secret, Signed, AppSecret, VerifyToken, IncludeValues, AcceptAny2xx, MaxBatch, MaxBatchBytes, ClientCertificate, ClientKey, Ca, Evidence, Concurrency, Rate, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            Dictionary<string, object> asked = Asked(parsed);
            asked.Add("name", parsed.GetValue(Name)!);
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, "/api/webhooks", stopping, asked), "was added");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald webhooks add siem --url env:SIEM_URL --event unknown_certificate --event malformed_certificate
            certherald webhooks add pager --dialect native --url https://ops.example.com/ct --header "X-Api-Key: file:/run/secrets/pager"
            """);
    }

    private static Command Change()
    {
        var command = new Command("change", "Changes what is named of a webhook that was added with 'webhooks add'. Another host gets none of the old one's secrets.")
        { Name, Url, Dialect, Events, Headers, Secret, Signed, AppSecret, VerifyToken, IncludeValues, AcceptAny2xx, MaxBatch, MaxBatchBytes, ClientCertificate, ClientKey, Ca, Evidence, Concurrency, Rate, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Patch, AddressOf(parsed), stopping, Asked(parsed)), "was changed");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald webhooks change siem --concurrency 2 --rate 5");
    }

    private static Command RotateSecret()
    {
        var command = new Command("rotate-secret", "Gives it a new signing secret and prints it, once. Old and new sign side by side for a while.")
        { Name, Overlap, Secret, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            var asked = new Dictionary<string, object>();
            if (parsed.GetValue(Overlap) is { } text)
                asked.Add("overlap_hours", Durations.TryParse(text, out TimeSpan overlap, mayBeZero: true) ? overlap.TotalHours : throw Misused("--overlap", "is no length of time", "write 24h, 7d or 0s"));
            if (SecretOf("--secret", parsed.GetValue(Secret)) is { } secret) asked.Add("secret", secret);
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, AddressOf(parsed) + "/rotate-secret", stopping, asked), "has a new secret");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald webhooks rotate-secret siem
            certherald webhooks rotate-secret siem --overlap 0s      ends the old one at once: it has leaked
            """);
    }

    private static Command Ask(string name, string description, HttpMethod method, string action, string outcome)
    {
        var command = new Command(name, description) { Name, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(method, AddressOf(parsed) + action, stopping), outcome);
            return CommandLine.Done;
        });
        return command.WithExamples($"certherald webhooks {name} siem");
    }

    private static Command Hold()
    {
        var command = new Command("hold", "Lets it get nothing. What it is owed waits.") { Name, Reason, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            object? body = parsed.GetValue(Reason) is { } reason ? new { reason } : null;
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, AddressOf(parsed) + "/hold", stopping, body), "is on hold");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald webhooks hold siem --reason \"moves on Tuesday\"");
    }

    private static Command Test()
    {
        var command = new Command("test", "Sends it a test event, marked as one, and says what it answered. Exit code 1 if it did not take it.") { Name, Example, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement answer = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, AddressOf(parsed) + "/test" + (parsed.GetValue(Example) is { } example ? $"?example={Uri.EscapeDataString(example)}" : ""), stopping);
            Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? answer.GetRawText() : $"{parsed.GetValue(Name)} {DescribeTest(answer)}");
            return answer.GetProperty("delivered").GetBoolean() ? CommandLine.Done : CommandLine.Failed;
        });
        return command.WithExamples("certherald webhooks test siem");
    }

    internal static string DescribeTest(JsonElement answer)
    {
        string status = answer.GetProperty("status") is { ValueKind: JsonValueKind.Number } number ? $"status {number.GetInt32()}" : answer.GetProperty("outcome").GetString()!;
        string took = string.Create(CultureInfo.InvariantCulture, $"after {answer.GetProperty("took_ms").GetDouble():0} ms");
        return answer.GetProperty("delivered").GetBoolean()
            ? $"took it: {status} {took}"
            : $"did not take it: {status} {took}{(TextIn(answer, "answer") is { Length: > 0 } said ? $"; it said: {Visible.Of(said)}" : "")}";
    }

    private static Dictionary<string, object> Asked(ParseResult parsed)
    {
        var asked = new Dictionary<string, object>();
        void Put(string member, object? value)
        {
            if (value is not null) asked.Add(member, value);
        }

        Put("url", SecretOf("--url", parsed.GetValue(Url)));
        Put("dialect", parsed.GetValue(Dialect));
        Put("events", parsed.GetValue(Events) is { Length: > 0 } events ? events : null);
        Put("headers", parsed.GetValue(Headers) is { Length: > 0 } headers ? HeadersOf(headers) : null);
        Put("secret", SecretOf("--secret", parsed.GetValue(Secret)));
        Put("signed", parsed.GetValue(Signed));
        Put("app_secret", SecretOf("--app-secret", parsed.GetValue(AppSecret)));
        Put("verify_token", SecretOf("--verify-token", parsed.GetValue(VerifyToken)));
        Put("include_values", parsed.GetValue(IncludeValues));
        Put("accept_any_2xx", parsed.GetValue(AcceptAny2xx));
        Put("max_batch", parsed.GetValue(MaxBatch));
        Put("max_batch_bytes", parsed.GetValue(MaxBatchBytes));
        foreach ((string member, string text) in TlsIn(parsed)) Put(member, text);
        Put("evidence", parsed.GetValue(Evidence));
        Put("concurrency", parsed.GetValue(Concurrency));
        Put("rate", parsed.GetValue(Rate));
        return asked;
    }

    /// <summary>What was given of how TLS is spoken with a receiver.</summary>
    internal static IEnumerable<(string Member, string Text)> TlsIn(ParseResult parsed) =>
        from option in (Option<string>[])[ClientCertificate, ClientKey, Ca]
        let text = SecretOf(option.Name, parsed.GetValue(option))
        where text is not null
        select (option.Name[2..].Replace('-', '_'), text);

    /// <summary>What is shown of it.</summary>
    internal static string DescribeTls(JsonElement receiver) =>
        (receiver.GetProperty("client_certificate") is { ValueKind: JsonValueKind.Object } certificate
            ? $", known by {Visible.Of(certificate.GetProperty("subject").GetString()!)} until {certificate.GetProperty("until").GetDateTimeOffset():yyyy-MM-dd}"
            : "")
        + (receiver.GetProperty("private_ca").GetBoolean() ? ", private CA" : "");

    private static Dictionary<string, string> HeadersOf(string[] texts)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string text in texts)
        {
            string[] parts = text.Split(':', 2);
            if (parts.Length < 2 || !headers.TryAdd(parts[0].Trim(), SecretOf("--header", parts[1].Trim())!))
                throw Misused("--header", "is no header, or is given twice", "write \"Name: value\", each name once");
        }
        return headers;
    }

    internal static string? SecretOf(string option, string? text)
    {
        if (text is null) return null;
        string? secret = SecretText.Read(text, out (string Problem, string Remedy)? mistake);
        return mistake is { } wrong ? throw Misused(option, wrong.Problem, wrong.Remedy) : secret;
    }

    private static ConfigurationException Misused(string option, string problem, string remedy) => new([new ConfigurationMistake(option, problem, remedy)]);

    private static void Print(ParseResult parsed, JsonElement answer, string outcome)
    {
        if (parsed.GetValue(LocalAccess.Json))
        {
            Console.Out.WriteLine(answer.GetRawText());
            return;
        }
        Console.Out.WriteLine($"{parsed.GetValue(Name)} {outcome}");
        if (TextIn(answer, "secret") is { } secret) Console.Out.WriteLine($"secret: {secret}   (it is not shown again)");
        if (TextIn(answer, "app_secret") is { } appSecret) Console.Out.WriteLine($"app secret: {appSecret}   (it is not shown again)");
        if (TextIn(answer, "warning") is { } warning) Console.Error.WriteLine($"warning: {warning}");
    }

    private static string Describe(JsonElement webhook)
    {
        string events = string.Join(", ", webhook.GetProperty("events").EnumerateArray().Select(kind => kind.GetString()));
        string origin = TextIn(webhook, "added") is { } added ? $"added {DateTimeOffset.Parse(added, CultureInfo.InvariantCulture):yyyy-MM-dd}" : TextIn(webhook, "app") is { } app ? $"app {app}" : "configuration";
        return $"{webhook.GetProperty("name").GetString(),-20}  {webhook.GetProperty("dialect").GetString()} to {webhook.GetProperty("url").GetString()} for {events}"
            + $"{(webhook.GetProperty("signed").GetBoolean() ? ", signed" : "")}{DescribeTls(webhook)}; {origin}{(TextIn(webhook, "hold") is { } hold ? $"; on hold: {hold}" : "")}";
    }

    private static string? TextIn(JsonElement answer, string member) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(member, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static string AddressOf(ParseResult parsed) => $"/api/webhooks/{Uri.EscapeDataString(parsed.GetValue(Name)!)}";
}
