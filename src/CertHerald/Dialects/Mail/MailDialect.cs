using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Dialects.Native;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Dialects.Mail;

/// <summary>Notices and look-alikes as drafts of mails. What logs and receivers said is shown so that nothing in it is hidden.</summary>
internal sealed class MailDialect : IWebhookDialect
{
    /// <summary>Of names, and of domains that are imitated. The console has them all.</summary>
    private const int MostShown = 10;

    public string Name => MailOptions.DialectName;

    public DeliveryRules Rules { get; } = new()
    {
        Schedule = NativeDialect.Schedule,
        RetryAfterCap = TimeSpan.FromHours(24),
        LastDeliveringStatus = 299,
        GoneEnds = false,
        // Mail servers think longer: some wait before they greet.
        TimeLimit = TimeSpan.FromSeconds(20),
    };

    public bool IsMail => true;

    public bool Speaks(string kind) => kind is EventKinds.Operator or EventKinds.Lookalike or EventKinds.LookalikeDigest;

    public void Write(DeliverySubject subject, IBufferWriter<byte> body)
    {
        if (subject.Lookalike is { } lookalike)
        {
            WriteLookalike(subject, lookalike, body);
            return;
        }
        Notice notice = subject.Notice ?? throw new UnreachableException("A mail is about a notice.");
        var text = new StringBuilder();
        Line(text, Shown(NoticeWords.SummaryOf(notice)));
        text.Append('\n');
        if (notice.Facts is HeartbeatFacts heartbeat) WriteHeartbeat(text, heartbeat, notice.At);
        else if (NoticeWords.AdviceFor(notice) is { Length: > 0 } advice) Line(text, $"What to do: {advice}");
        if (notice.Facts is CaaFacts caa) foreach (CaaChange change in caa.Changes.Skip(1)) Line(text, Shown(NoticeWords.Describe(change)));
        if (notice.Facts is RenewalFacts renewal) foreach (MissingRenewal one in renewal.Names.Skip(1)) Line(text, Shown(NoticeWords.Describe(one)));
        if (notice.Facts is DigestFacts digest) WriteDigest(text, digest);
        if (LogOf(notice) is { } log) Line(text, $"Log: {Shown(NameOf(log))}{(log.Operator.Length > 0 ? $", of {Shown(log.Operator)}" : "")}");
        if (notice.Facts is WebhookFacts { Names.Count: > 0 } webhook) Line(text, $"Also: {string.Join(", ", webhook.Names)}{(webhook.Others > webhook.Names.Count ? ", and more" : "")}");
        if (notice.Facts is IncidentFacts { Others: > 0 } incident) Line(text, string.Create(CultureInfo.InvariantCulture, $"{incident.Others} more of this log and kind changed in the same way."));
        Line(text, $"See: {NoticeWords.UrlOf(notice, subject.BaseUrl)}");
        MailMessage.WriteDraft(notice.At, $"[CertHerald] {SubjectOf(notice)}", text.ToString(), body);
    }

    public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) =>
        MailMessage.WriteDraft(now, "[CertHerald] test", $"This is a test: mails for whoever runs CertHerald arrive.\n\nSee: {baseUrl}/console\n", body);

    private static string SubjectOf(Notice notice)
    {
        string severity = NoticeWords.SeverityOf(notice).ToString().ToLowerInvariant();
        return notice.Facts switch
        {
            HeartbeatFacts facts => facts.HealthyLogs == facts.Logs && facts.Incidents == 0 && facts.Held + facts.Dead == 0 ? "alive" : "alive, with something to look at",
            IncidentFacts facts => $"{severity}: {facts.Kind} of {Shown(NameOf(facts.Log))} {notice.Type[(notice.Type.LastIndexOf('.') + 1)..]}",
            CaaFacts facts => $"{severity}: CAA records of {(facts.Changes.Count == 1 ? Shown(facts.Changes[0].Name) : string.Create(CultureInfo.InvariantCulture, $"{facts.Changes.Count} names"))}",
            RenewalFacts facts => string.Create(CultureInfo.InvariantCulture, $"{severity}: renewal missing for {(facts.Names.Count + facts.Others == 1 ? Shown(facts.Names[0].Name) : $"{facts.Names.Count + facts.Others} names")}"),
            DigestFacts facts => facts.Lookalikes.Count + facts.Others == 1 ? "1 weak look-alike" : string.Create(CultureInfo.InvariantCulture, $"{facts.Lookalikes.Count + facts.Others} weak look-alikes"),
            MalformedFacts facts => $"{severity}: entries of {Shown(NameOf(facts.Log))} cannot be read",
            _ => $"{severity}: {Shown(NoticeWords.SummaryOf(notice))}",
        };
    }

    private static void WriteLookalike(DeliverySubject subject, LookalikeAlert alert, IBufferWriter<byte> body)
    {
        var text = new StringBuilder();
        Line(text, Shown(LookalikeMembers.SummaryOf(alert)));
        foreach (AlertedNames imitated in alert.Names.Take(MostShown))
        {
            text.Append('\n');
            Line(text, $"Imitates {Shown(imitated.Domain)}:");
            foreach (LookalikeName name in imitated.Names.Take(MostShown))
                Line(text, string.Create(CultureInfo.InvariantCulture, $"  {Shown(name.Name)} ({name.Score}): {Shown(string.Join("; ", name.Reasons))}"));
            if (imitated.Names.Count > MostShown) Line(text, string.Create(CultureInfo.InvariantCulture, $"  and {imitated.Names.Count - MostShown} more"));
        }
        text.Append('\n');
        Line(text, $"Issued by: {Shown(alert.Issuance.Certificate.IssuerName)}");
        Line(text, $"See: {LookalikeMembers.UrlOf(subject.BaseUrl, alert)}");
        MailMessage.WriteDraft(alert.At, $"[CertHerald] look-alike: {Shown(alert.Names[0].Names[0].Name)} of {Shown(alert.Names[0].Domain)}", text.ToString(), body);
    }

    private static void WriteDigest(StringBuilder text, DigestFacts digest)
    {
        foreach (DigestedLookalike one in digest.Lookalikes)
            Line(text, string.Create(CultureInfo.InvariantCulture, $"  {one.Score}  {Shown(one.Name)} of {Shown(one.Domain)}: {Shown(one.Reason)}"));
        if (digest.Others > 0) Line(text, string.Create(CultureInfo.InvariantCulture, $"  and {digest.Others} more"));
    }

    private static void WriteHeartbeat(StringBuilder text, HeartbeatFacts facts, DateTimeOffset at)
    {
        string due = facts.OldestDue is { } since && since < at ? string.Create(CultureInfo.InvariantCulture, $"due for {(at - since).TotalSeconds:0} s") : "none is due";
        string alert = facts.LastAlert is { } last ? string.Create(CultureInfo.InvariantCulture, $"{last.ToUniversalTime():yyyy-MM-dd HH:mm} UTC") : "none yet";
        Line(text, $"Oldest delivery: {due}");
        Line(text, $"Last alert: {alert}");
    }

    private static NoticeLog? LogOf(Notice notice) => notice.Facts switch { IncidentFacts facts => facts.Log, MalformedFacts facts => facts.Log, _ => null };

    private static string NameOf(NoticeLog log) => log.Description.Length > 0 ? log.Description : log.Id;

    private static string Shown(string foreign) => Visible.Of(foreign);

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
