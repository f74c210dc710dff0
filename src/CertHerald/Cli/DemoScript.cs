using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;

namespace CertHerald.Cli;

/// <summary>What happens in the demo, in order: certificates are issued and logged, and what the service makes of them is shown.</summary>
internal sealed class DemoScript(TestCa ca, Log log, ECDsa ownKey, HeraldHost service, DemoReceiver receiver, TimeSpan patience)
{
    private bool _all = true;

    /// <summary>Every kind of event once. False if one did not come.</summary>
    public async Task<bool> RunAsync(CancellationToken stopping)
    {
        DemoApp app = await DemoApp.SubscribeAsync(LocalAccess.Find(service.Options.Data), "example.com", new Uri(receiver.Address, "meta"), stopping);
        Say("app", $"{app.Id} has subscribed to example.com by Meta's API, and its receiver has confirmed");
        await StepAsync("NOTICE", async waiting => DescribeHeartbeat(await receiver.WaitForAsync(IsHeartbeat, waiting)), stopping);

        TestCertificate renewal = ca.Issue(new IssueRequest("www.example.com", "example.com") { SubjectKey = ownKey });
        log.AddChain(renewal.Chain);
        Say("logged", "a renewal for www.example.com, with your own key");
        await StepAsync("silent", async waiting => $"{(await KnownAsync(renewal, waiting)).Reason}", stopping);

        TestCertificate unknown = ca.Issue("login.example.com");
        DateTimeOffset logged = Log(unknown, "a certificate for login.example.com that nobody asked for");
        await StepAsync("ALERT", async waiting => Describe(await ReceivedAsync("/siem", unknown, waiting), logged), stopping);
        await StepAsync("META", async waiting => await DescribeMetaAsync(app, unknown, waiting), stopping);
        await StepAsync("retried", async waiting => await DescribeFlakyAsync(unknown, waiting), stopping);

        TestCertificate wildcard = ca.Issue("*.example.com");
        logged = Log(wildcard, "a wildcard certificate, *.example.com");
        await StepAsync("ALERT", async waiting => Describe(await ReceivedAsync("/siem", wildcard, waiting), logged), stopping);

        TestPrecertificate precertificate = ca.IssuePrecertificate("shop.example.com");
        AddedEntry entry = log.AddPreChain(precertificate.Chain);
        logged = DateTimeOffset.UtcNow;
        Say("logged", "a precertificate for shop.example.com");
        await StepAsync("ALERT", async waiting => Describe(await ReceivedAsync("/siem", precertificate, waiting), logged), stopping);
        TestCertificate final = precertificate.Final(entry.Sct.Serialize());
        Log(final, "its certificate: the same issuance, so nobody is told again");
        await StepAsync("silent", async waiting => await OneAlertAsync(final, waiting), stopping);

        log.AddCorpus([CorpusEntry.OfChain(Broken("mail.example.com"))]);
        logged = DateTimeOffset.UtcNow;
        Say("logged", "a certificate cut off in its middle: a name may hide in it");
        await StepAsync("ALERT", async waiting => Describe(await receiver.WaitForAsync(IsMalformed, waiting), logged), stopping);

        TestCertificate imitation = ca.Issue("examp1e.com", "login.examp1e.com");
        logged = Log(imitation, "a certificate for examp1e.com, with the digit one: somebody else's, and it looks like example.com");
        await StepAsync("ALERT", async waiting => DescribeLookalike(await receiver.WaitForAsync(IsLookalike, waiting), logged), stopping);

        log.Misbehave("head=fork,for=3s");
        Say("lied", "the log signs another tree of the same size for a moment: somebody else may be shown another history");
        await StepAsync("NOTICE", async waiting => DescribeNotice(await receiver.WaitForAsync(IsFork, waiting)), stopping);
        return _all;
    }

    /// <summary>Goes on issuing until cancelled.</summary>
    public async Task GoOnAsync(CancellationToken stopping)
    {
        string[] hosts = ["vpn", "intranet", "mail", "api", "status", "cdn", "git"];
        for (int i = 0; ; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(10), stopping);
            string name = string.Create(CultureInfo.InvariantCulture, $"{hosts[i % hosts.Length]}-{i + 1}.example.com");
            TestCertificate certificate = ca.Issue(name);
            DateTimeOffset logged = Log(certificate, $"a certificate for {name}");
            await StepAsync("ALERT", async waiting => Describe(await ReceivedAsync("/siem", certificate, waiting), logged), stopping);
        }
    }

    private async Task StepAsync(string word, Func<CancellationToken, Task<string>> wait, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(patience);
        try
        {
            Say(word, await wait(limit.Token));
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Say("MISSING", $"the step \"{word}\" did not happen within {patience.TotalSeconds:0} seconds");
            _all = false;
        }
    }

    private DateTimeOffset Log(TestCertificate certificate, string what)
    {
        log.AddChain(certificate.Chain);
        Say("logged", what);
        return DateTimeOffset.UtcNow;
    }

    private Task<DemoRequest> ReceivedAsync(string path, TestCertificate certificate, CancellationToken waiting)
    {
        string hash = Hash(certificate);
        return receiver.WaitForAsync(request => request.Path == path && request.Status < 300 && CertificateOf(request) == hash, waiting);
    }

    private async Task<Issuance> KnownAsync(TestCertificate certificate, CancellationToken waiting) =>
        await IssuanceAsync(issuance => issuance.Known && issuance.Certificate.CertSha256 == Hash(certificate), waiting);

    /// <summary>The certificate has replaced its precertificate, and the receiver still has one alert.</summary>
    private async Task<string> OneAlertAsync(TestCertificate final, CancellationToken waiting)
    {
        Issuance issuance = await IssuanceAsync(one => one.Certificate.CertSha256 == Hash(final), waiting);
        int alerts = receiver.Requests.Count(request => request.Path == "/siem" && !IsMalformed(request) && TextOf(request, "id") == issuance.Id.ToString(CultureInfo.InvariantCulture));
        if (alerts != 1) _all = false;
        IReadOnlyList<Sighting> sightings = await service.Store.SightingsAsync(issuance.Id, waiting);
        return string.Create(CultureInfo.InvariantCulture, $"one issuance, {sightings.Count} entries in the logs so far, {alerts} alert");
    }

    /// <summary>Looks at the store now and then: what leads to silence rings no bell.</summary>
    private async Task<Issuance> IssuanceAsync(Func<Issuance, bool> wanted, CancellationToken waiting)
    {
        while (true)
        {
            if ((await service.Store.IssuancesAsync(null, 100, waiting)).FirstOrDefault(wanted) is { } found) return found;
            await Task.Delay(TimeSpan.FromMilliseconds(100), waiting);
        }
    }

    private async Task<string> DescribeFlakyAsync(TestCertificate certificate, CancellationToken waiting)
    {
        DemoRequest taken = await ReceivedAsync("/flaky", certificate, waiting);
        var tries = receiver.Requests.Where(request => request.Path == "/flaky" && request.Key == taken.Key).ToList();
        return $"the receiver that fails answered {string.Join(", ", tries.Select(request => request.Status))}; each time the key {taken.Key}";
    }

    /// <summary>The same certificate in the other webhook's words, and what its receiver gets when it asks back.</summary>
    private async Task<string> DescribeMetaAsync(DemoApp app, TestCertificate certificate, CancellationToken waiting)
    {
        string hash = Hash(certificate);
        DemoRequest told = await receiver.WaitForAsync(
            request => request.Path == "/meta" && request.Body.GetProperty("entry")[0].GetProperty("changes")[0].GetProperty("value").GetProperty("cert_hash_sha256").GetString() == hash, waiting);
        return $"its app was told of certificate {Visible.Of(told.Body.GetProperty("entry")[0].GetProperty("id").GetString()!)}, and asked back\n{"",21}{await app.AskBackAsync(told, waiting)}";
    }

    private static string Describe(DemoRequest request, DateTimeOffset logged)
    {
        string what = IsMalformed(request)
            ? $"entry that cannot be read: {Visible.Of(TextOf(request, "error"))}"
            : $"unknown certificate for {string.Join(", ", request.Body.GetProperty("endpoints").EnumerateArray().Select(Endpoint))}";
        return string.Create(CultureInfo.InvariantCulture, $"{what}\n{"",21}{(request.At - logged).TotalSeconds:0.0} s after it was logged: {TextOf(request, "html_url")}");
    }

    private static bool IsLookalike(DemoRequest request) => request.Path == "/pager" && TextOf(request, "type") == EventKinds.Lookalike;

    private static string DescribeLookalike(DemoRequest request, DateTimeOffset logged) => string.Create(CultureInfo.InvariantCulture,
        $"look-alike: {Visible.Of(TextOf(request, "summary"))}\n{"",21}{(request.At - logged).TotalSeconds:0.0} s after it was logged: {TextOf(request, "html_url")}");

    private static bool IsFork(DemoRequest request) =>
        request.Path == "/pager" && request.Body.TryGetProperty("kind", out JsonElement kind) && kind.GetString() == IncidentKinds.Fork;

    private static bool IsHeartbeat(DemoRequest request) => request.Path == "/pager" && TextOf(request, "type") == NoticeTypes.Heartbeat;

    private static string DescribeNotice(DemoRequest request) =>
        $"{TextOf(request, "severity")} incident of {Visible.Of(request.Body.GetProperty("log").GetProperty("description").GetString()!)}: {Visible.Of(TextOf(request, "summary"))}\n{"",21}{TextOf(request, "url")}";

    private static string DescribeHeartbeat(DemoRequest request) =>
        $"to whoever runs it, once a day: the service lives and follows {request.Body.GetProperty("logs").GetInt32()} logs\n{"",21}{TextOf(request, "url")}";

    private static string Endpoint(JsonElement endpoint) =>
        Visible.Of(endpoint.GetProperty("dns_name").GetString()!) + (endpoint.GetProperty("wildcard").GetBoolean() ? " (by a wildcard)" : "");

    private byte[] Broken(string name)
    {
        byte[] der = ca.Issue(name).Der;
        return der[..(der.Length * 2 / 3)];
    }

    private static bool IsMalformed(DemoRequest request) => request.Body.TryGetProperty("event", out _);

    private static string? CertificateOf(DemoRequest request) =>
        request.Body.TryGetProperty("issuance", out JsonElement issuance) ? issuance.GetProperty("cert_sha256").GetString() : null;

    private static string TextOf(DemoRequest request, string member) => request.Body.GetProperty(member).GetString()!;

    private static string Hash(TestCertificate certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.Der));

    private static void Say(string word, string text) =>
        Console.Out.WriteLine($"{DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}  {word,-9}  {text}");
}
