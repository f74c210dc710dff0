using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CertHerald.Configuring;

/// <summary>One object of the configuration. It remembers what was asked of it: a key that nobody asks for is a mistake.</summary>
internal sealed class ConfigurationSection(JsonObject values, string file, string path, List<ConfigurationMistake> mistakes, ReadFiles files)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Whether nothing stands in it.</summary>
    public bool IsEmpty => values.Count == 0;

    public string? Text(string key)
    {
        switch (Ask(key))
        {
            case null: return null;
            case JsonValue value when value.TryGetValue(out string? text): return text;
            default: Mistake(key, "is no text", "write it in double quotes"); return null;
        }
    }

    /// <summary>A text that may be kept elsewhere: <c>env:NAME</c>, <c>file:PATH</c>.</summary>
    public string? Secret(string key) => Text(key) is { } text ? SecretOf(key, text) : null;

    /// <summary>One text or several that may be kept elsewhere. Null if the key is not there; those that cannot be had are left out.</summary>
    public IReadOnlyList<string>? Secrets(string key)
    {
        switch (Ask(key))
        {
            case null:
                return null;
            case JsonValue value when value.TryGetValue(out string? text):
                return [.. new[] { SecretOf(key, text) }.OfType<string>()];
            case JsonArray list when list.All(item => item is JsonValue value && value.TryGetValue<string>(out _)):
                return [.. list.Select(item => SecretOf(key, item!.GetValue<string>())).OfType<string>()];
            default:
                Mistake(key, "is no text and no list of texts", "write \"env:NAME\", \"file:PATH\", or [ \"env:NEW\", \"env:OLD\" ]");
                return null;
        }
    }

    /// <summary>Names that the user chooses, each with a text that may be kept elsewhere.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> SecretsByName(string key)
    {
        switch (Ask(key))
        {
            case null:
                return [];
            case JsonObject texts when texts.All(item => item.Value is JsonValue value && value.TryGetValue<string>(out _)):
                return [.. from item in texts let text = SecretOf(key, item.Value!.GetValue<string>()) where text is not null select KeyValuePair.Create(item.Key, text)];
            default:
                Mistake(key, "is no list of names and texts", "write { \"X-Name\": \"value\" }");
                return [];
        }
    }

    /// <summary>Names that the user chooses, each with a list of texts, or with one.</summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> TextsByName(string key)
    {
        switch (Ask(key))
        {
            case null:
                return [];
            case JsonObject lists when lists.All(item => item.Value is JsonArray list ? list.All(IsText) : IsText(item.Value)):
                return [.. lists.Select(item => KeyValuePair.Create<string, IReadOnlyList<string>>(
                    item.Key, item.Value is JsonArray list ? [.. list.Select(text => text!.GetValue<string>())] : [item.Value!.GetValue<string>()]))];
            default:
                Mistake(key, "is no list of names with lists of texts", "write { \".example.com\": [ \"…\", \"…\" ] }");
                return [];
        }

        static bool IsText(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out _);
    }

    private string? SecretOf(string key, string text)
    {
        if (SecretText.FileOf(text) is { } kept) files.Add(kept);
        string? secret = SecretText.Read(text, out (string Problem, string Remedy)? mistake);
        if (mistake is { } wrong) Mistake(key, wrong.Problem, wrong.Remedy);
        return secret;
    }

    public bool? Flag(string key)
    {
        switch (Ask(key))
        {
            case null: return null;
            case JsonValue value when value.TryGetValue(out bool flag): return flag;
            case JsonValue value when value.TryGetValue(out string? text) && bool.TryParse(text, out bool flag): return flag;
            default: Mistake(key, "is neither true nor false", "write true or false, without quotes"); return null;
        }
    }

    /// <summary>A number within these bounds, perhaps with a fraction.</summary>
    public double? Number(string key, double least, double most = double.MaxValue)
    {
        double number;
        switch (Ask(key))
        {
            case null: return null;
            case JsonValue value when value.TryGetValue(out number) && number >= least && number <= most: return number;
            case JsonValue value when value.TryGetValue(out string? text) && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number)
                && number >= least && number <= most:
                return number;
            default:
                Mistake(key, string.Create(CultureInfo.InvariantCulture, $"is no number from {least} {(most < double.MaxValue ? $"to {most}" : "on")}"), "write a number, without quotes");
                return null;
        }
    }

    /// <summary>A number without a fraction.</summary>
    public int? Whole(string key, int least, int most)
    {
        if (Number(key, least, most) is not { } number) return null;
        if (double.IsInteger(number)) return (int)number;
        Mistake(key, "is no whole number", "write it without a fraction");
        return null;
    }

    /// <summary>A length of time: <c>500ms</c>, <c>5s</c>, <c>10m</c>, <c>12h</c>, <c>7d</c>.</summary>
    public TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text) return null;
        if (Durations.TryParse(text, out TimeSpan duration)) return duration;
        Mistake(key, $"\"{text}\" is no length of time", "write a number and its unit: 500ms, 5s, 10m, 12h or 7d");
        return null;
    }

    /// <summary>A list of texts; one text alone is a list of one, or of several with commas (environment variables).</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        switch (Ask(key))
        {
            case null:
                return null;
            case JsonValue value when value.TryGetValue(out string? text):
                return text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            case JsonArray list when list.All(item => item is JsonValue value && value.TryGetValue<string>(out _)):
                return [.. list.Select(item => item!.GetValue<string>())];
            default:
                Mistake(key, "is no list of texts", "write [ \"…\", \"…\" ]");
                return null;
        }
    }

    /// <summary>As <see cref="Texts"/>, where people write numbers: each as its digits.</summary>
    public IReadOnlyList<string>? TextsOrNumbers(string key) =>
        Ask(key) is JsonArray list && list.All(item => item?.GetValueKind() is JsonValueKind.Number or JsonValueKind.String)
            ? [.. list.Select(item => item!.ToString())]
            : Texts(key);

    /// <summary>An object within; an empty one if it is not there, so that its defaults apply.</summary>
    public ConfigurationSection Section(string key)
    {
        switch (Ask(key))
        {
            case null: return new ConfigurationSection([], file, Path(key), mistakes, files);
            case JsonObject section: return new ConfigurationSection(section, file, Path(key), mistakes, files);
            default: Mistake(key, "is no section", "write { … }"); return new ConfigurationSection([], file, Path(key), mistakes, files);
        }
    }

    /// <summary>A list of objects.</summary>
    public IReadOnlyList<ConfigurationSection> Sections(string key)
    {
        switch (Ask(key))
        {
            case null:
                return [];
            case JsonArray list when list.All(item => item is JsonObject):
                return [.. list.Select((item, index) => new ConfigurationSection((JsonObject)item!, file, $"{Path(key)}[{index}]", mistakes, files))];
            default:
                Mistake(key, "is no list of sections", "write [ { … }, { … } ]");
                return [];
        }
    }

    /// <summary>A list whose items are texts or objects; texts also as in <see cref="Texts"/>. Null if it is not there.</summary>
    public IReadOnlyList<(string? Text, ConfigurationSection? Section)>? TextsOrSections(string key)
    {
        switch (Ask(key))
        {
            case null:
                return null;
            case JsonArray list when list.All(item => item is JsonObject || (item is JsonValue value && value.TryGetValue<string>(out _))):
                return [.. list.Select((item, index) => item is JsonObject section
                    ? ((string?)null, new ConfigurationSection(section, file, $"{Path(key)}[{index}]", mistakes, files))
                    : (item!.GetValue<string>(), (ConfigurationSection?)null))];
            case JsonValue value when value.TryGetValue<string>(out _):
                return [.. Texts(key)!.Select(text => ((string?)text, (ConfigurationSection?)null))];
            default:
                Mistake(key, "is no list of texts or sections", "write [ \"…\", { … } ]");
                return null;
        }
    }

    /// <summary>A key of the documentation that this version cannot serve yet: said, not ignored.</summary>
    public void NotYet(string key, string instead)
    {
        if (Ask(key) is not null) Mistake(key, "is not available in this version", instead);
    }

    public void Mistake(string key, string problem, string remedy) => mistakes.Add(new ConfigurationMistake(PlaceOf(key), problem, remedy));

    /// <summary>File and key, as messages name them.</summary>
    public string PlaceOf(string key) => $"{file}: {Path(key)}";

    /// <summary>Whether the key is there, whatever it holds.</summary>
    public bool Has(string key) => Ask(key) is not null;

    /// <summary>Call when everything was asked for.</summary>
    public void Finish()
    {
        foreach ((string key, _) in values)
            if (!_asked.Contains(key) && key != "$schema")
                Mistake(key, "is unknown", DidYouMean.Remedy(key, _asked));
    }

    private string Path(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private JsonNode? Ask(string key)
    {
        _asked.Add(key);
        return values.TryGetPropertyValue(key, out JsonNode? value) && value?.GetValueKind() != JsonValueKind.Null ? value : null;
    }
}
