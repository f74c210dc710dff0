using System.Globalization;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Dialects;

/// <summary>What our own words about a look-alike are, in every dialect that has them the same. Names are hostile: escape before showing.</summary>
internal static class LookalikeMembers
{
    public static string UrlOf(string baseUrl, LookalikeAlert alert) => string.Create(CultureInfo.InvariantCulture, $"{baseUrl}/console/lookalikes/{alert.Lookalike}");

    /// <summary>A sentence for people. We say look-alike: hardly one in five hundred was proven to be a trap.</summary>
    public static string SummaryOf(LookalikeAlert alert)
    {
        AlertedNames most = alert.Names[0];
        LookalikeName best = most.Names[0];
        int others = alert.Names.Sum(one => one.Names.Count) - 1;
        string more = others > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {others} more") : "";
        string change = alert.Change switch
        {
            LookalikeChanges.Again => " has a certificate again, and",
            LookalikeChanges.Bulk => string.Create(CultureInfo.InvariantCulture, $" imitates {alert.Names.Count} protected domains;"),
            _ => " has a certificate, and",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{alert.Registrable}{change} {best.Name}{more} looks like {most.Domain}: score {best.Score} ({Lookalike.TierOf(best.Score).Name()}).");
    }

    /// <summary>Members of an object that is begun.</summary>
    public static void Write(Utf8JsonWriter json, string baseUrl, LookalikeAlert alert)
    {
        int score = alert.Names.Max(one => one.Score);
        json.WriteString("id"u8, alert.Lookalike.ToString(CultureInfo.InvariantCulture));
        json.WriteString("html_url"u8, UrlOf(baseUrl, alert));
        json.WriteString("change"u8, alert.Change);
        json.WriteString("registrable_domain"u8, alert.Registrable);
        json.WriteNumber("score"u8, score);
        json.WriteString("tier"u8, Lookalike.TierOf(score).Name());
        json.WriteStartArray("imitates"u8);
        foreach (AlertedNames imitated in alert.Names)
        {
            json.WriteStartObject();
            json.WriteString("protected_domain"u8, imitated.Domain);
            json.WriteNumber("score"u8, imitated.Score);
            json.WriteStartArray("names"u8);
            foreach (LookalikeName name in imitated.Names)
            {
                json.WriteStartObject();
                json.WriteString("dns_name"u8, name.Name);
                json.WriteNumber("score"u8, name.Score);
                json.WriteString("class"u8, name.Class);
                json.WriteStartArray("reasons"u8);
                foreach (string reason in name.Reasons) json.WriteStringValue(reason);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
