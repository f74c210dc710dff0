using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Cli;

/// <summary>A certificate in words, or in JSON.</summary>
internal static class CertificateExplanation
{
    /// <summary>False if it could not be read.</summary>
    public static bool Write(TextWriter output, CertificateInput input, WatchList watch, IReadOnlyList<LogDescription> logs, bool asJson)
    {
        // A bare TBSCertificate is what a precertificate entry without its precertificate leaves.
        bool isReadable = CertificateView.TryRead(input.Der, out CertificateView certificate) || CertificateView.TryReadTbs(input.Der, out certificate);
        string? issuerKey = input.Issuer is { } issuer ? CertificateReading.PubkeySha256Of(issuer) : null;
        IReadOnlyCollection<Identifier> identifiers = CertificateReading.IdentifiersOf(certificate);
        CertificateFacts facts = CertificateReading.Read(input.Der, certificate, identifiers, certificate.IsPrecertificate, issuerKey);
        IReadOnlyList<Match> matches = CertificateReading.Matches(identifiers, watch, out _, out bool isSpent);
        if (isSpent) facts = facts with { Problems = [.. facts.Problems, CertificateReading.TooManyGlobs] };
        List<SctExplanation> scts = Explain(certificate, issuerKey, logs);

        if (asJson) WriteJson(output, facts, scts, matches, watch);
        else WriteText(output, input, facts, PublicKeyFacts.Describe(certificate.Spki), scts, matches, watch);
        return isReadable;
    }

    /// <summary>The members that <c>--jsonl</c> promises, in their order.</summary>
    public static void WriteJson(Utf8JsonWriter json, CertificateFacts facts, Action<Utf8JsonWriter>? others)
    {
        json.WriteStartObject();
        JsonStyle.WriteTexts(json, "dns_names", facts.DnsNames);
        JsonStyle.WriteTexts(json, "ip_addresses", facts.IpAddresses);
        json.WriteString("tbs_sha256", facts.TbsSha256);
        json.WriteString("cert_sha256", facts.CertSha256);
        json.WriteString("pubkey_sha256", facts.PubkeySha256);
        JsonStyle.WriteText(json, "issuer_name", facts.IssuerName);
        JsonStyle.WriteText(json, "subject_name", facts.SubjectName);
        json.WriteString("serial", facts.Serial);
        json.WriteString("not_before", JsonStyle.Time(facts.NotBefore));
        json.WriteString("not_after", JsonStyle.Time(facts.NotAfter));
        json.WriteBoolean("precertificate", facts.IsPrecertificate);
        JsonStyle.WriteTexts(json, "problems", facts.Problems);
        others?.Invoke(json);
        json.WriteEndObject();
    }

    private static void WriteJson(TextWriter output, CertificateFacts facts, List<SctExplanation> scts, IReadOnlyList<Match> matches, WatchList watch)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, JsonStyle.Plain))
            WriteJson(json, facts, others =>
            {
                others.WriteStartArray("scts");
                foreach (SctExplanation sct in scts)
                {
                    others.WriteStartObject();
                    others.WriteString("log_id", sct.LogId);
                    JsonStyle.WriteText(others, "log", sct.Log);
                    others.WriteString("timestamp", JsonStyle.Time(sct.Time));
                    others.WriteString("signature", sct.Judgement);
                    others.WriteEndObject();
                }
                others.WriteEndArray();
                if (watch.Count > 0) JsonStyle.WriteTexts(others, "matches", matches.Select(match => match.Item).Distinct());
            });
        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void WriteText(
        TextWriter output, CertificateInput input, CertificateFacts facts, PublicKeyFacts key, List<SctExplanation> scts, IReadOnlyList<Match> matches, WatchList watch)
    {
        output.WriteLine(Visible.Of(input.Place));
        Line("kind", facts.IsPrecertificate ? "precertificate" : "certificate");
        Lines("names", [.. facts.DnsNames, .. facts.IpAddresses]);
        Line("subject", facts.SubjectName);
        Line("issuer", facts.IssuerName);
        Line("serial", facts.Serial);
        Line("valid", $"{JsonStyle.Time(facts.NotBefore) ?? "unreadable"} to {JsonStyle.Time(facts.NotAfter) ?? "unreadable"}");
        Line("key", $"{key.Type}{(key.Curve is { } curve ? $" {curve}" : "")}{(key.BitLength is { } bits ? $" {bits} bits" : "")}");
        Line("tbs_sha256", facts.TbsSha256);
        Line("cert_sha256", facts.CertSha256);
        Line("pubkey_sha256", facts.PubkeySha256);
        if (facts.IssuerPubkeySha256 is { } issuer) Line("issuer pubkey_sha256", issuer);
        Lines("SCTs", [.. scts.Select(sct => $"{JsonStyle.Time(sct.Time) ?? "?"}  {sct.Judgement}  {sct.Log ?? sct.LogId}")]);
        if (watch.Count > 0) Lines("matches", matches.Count == 0 ? ["nothing that is watched"] : [.. matches.Select(match => $"{match.Identifier.Text} under {match.Item}")]);
        Lines("problems", facts.Problems);
        output.WriteLine();

        void Line(string title, string text) => output.WriteLine($"  {title,-21} {Visible.Of(text)}");

        void Lines(string title, IReadOnlyList<string> texts)
        {
            for (int i = 0; i < texts.Count; i++) Line(i == 0 ? title : "", texts[i]);
        }
    }

    private static List<SctExplanation> Explain(CertificateView certificate, string? issuerKey, IReadOnlyList<LogDescription> logs)
    {
        var all = new List<SctExplanation>();
        byte[] tbs = TbsFingerprint.Splice(certificate.Tbs);
        foreach (SerializedSct sct in certificate.Scts)
        {
            LogDescription? log = null;
            foreach (LogDescription candidate in logs) if (candidate.Id == sct.LogId) log = candidate;
            string judgement =
                !sct.IsReadable ? "unreadable"
                : logs.Count == 0 ? "not checked (give --log-list)"
                : log is null ? "unknown log"
                : issuerKey is null ? "not checked (append the issuer's certificate)"
                : SctSignature.VerifyPrecertificate(sct, log.Key, tbs, Convert.FromHexString(issuerKey)) ? "valid"
                : "INVALID";
            all.Add(new SctExplanation(sct.LogId.ToString(), log?.Description, sct.Timestamp, judgement));
        }
        return all;
    }

    private sealed record SctExplanation(string LogId, string? Log, DateTimeOffset? Time, string Judgement);
}
