namespace CertHerald.Configuring;

/// <summary>Something in the configuration that cannot be used.</summary>
/// <param name="Place">File and key: <c>certherald.json: webhooks[0].url</c>.</param>
/// <param name="Problem">What is wrong. Holds no secret.</param>
/// <param name="Remedy">What to write instead.</param>
internal sealed record ConfigurationMistake(string Place, string Problem, string Remedy)
{
    public override string ToString() => $"{Place}: {Problem}; {Remedy}";
}

/// <summary>The configuration cannot be used. Carries every mistake, not the first: exit code 2.</summary>
internal sealed class ConfigurationException(IReadOnlyList<ConfigurationMistake> mistakes)
    : Exception(string.Join(Environment.NewLine, mistakes))
{
    public IReadOnlyList<ConfigurationMistake> Mistakes { get; } = mistakes;
}
