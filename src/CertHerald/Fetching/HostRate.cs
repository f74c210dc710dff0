namespace CertHerald.Fetching;

/// <summary>
/// How many requests a second a host may be sent, learned from what it refuses. No clock of its own, no waiting. Not thread-safe.
/// <list type="bullet">
/// <item>Until the first refusal the rate doubles every clean 10 s.</item>
/// <item>The rate that was refused is the estimate of the limit. A refusal after 20 clean seconds confirms it, and the rate
/// goes to 95 % of it; a refusal sooner says that the estimate was too high, and the rate goes to 70 %.</item>
/// <item>From there it comes back to 95 % of the estimate within about 20 s, half of what is missing every 5 s; then 1 % more
/// every clean 20 s up to the estimate, and 5 % beyond it: the limit has risen. A host that sends us away for long is tested
/// more rarely: these steps take at least 15 times as long as its last pause.</item>
/// <item>Clean time counts only if at least 80 % of the allowed requests were answered in it: an idle log proves nothing.</item>
/// <item>Requests that were under way when a refusal arrived are part of it, and refusals with no answer between them are one:
/// a host that is down has not said that we are too fast.</item>
/// </list>
/// Times 0.7 at each refusal and 5 % more every 20 s, whatever was refused before, would use 85 % of a limit. This uses 95 %
/// and more of it, with fewer than one refusal in a hundred.
/// </summary>
/// <param name="perSecond">To begin with; infinity for no limit until the host refuses.</param>
/// <param name="isLearned">The host has refused before, and this is what it then allowed.</param>
internal sealed class HostRate(double perSecond, double ceiling, bool isLearned)
{
    /// <summary>A host that refuses everything is still asked every ten seconds.</summary>
    public const double Least = 0.1;

    private const double Resting = 0.95, Falling = 0.7, Used = 0.8;
    private static readonly TimeSpan SlowStartStep = TimeSpan.FromSeconds(10), ReturnStep = TimeSpan.FromSeconds(5), TestStep = TimeSpan.FromSeconds(20);

    private double _estimate = isLearned ? perSecond / Resting : double.PositiveInfinity;
    private TimeSpan _stepBegan, _pause;
    private TimeSpan? _refused;
    private long _inStep, _sinceFall;
    private double _answered;

    /// <summary>Requests a second, now.</summary>
    public double PerSecond { get; private set; } = Math.Clamp(perSecond, Least, ceiling);

    /// <summary>The most it ever becomes.</summary>
    public double Ceiling { get; set; } = ceiling;

    /// <summary>The host has refused, and the rate is what it allows.</summary>
    public bool SlowStartOver { get; private set; } = isLearned;

    private TimeSpan Step => !SlowStartOver ? SlowStartStep : IsReturning ? ReturnStep : TestStep > 15 * _pause ? TestStep : 15 * _pause;

    private bool IsReturning => PerSecond < 0.995 * Resting * _estimate;

    /// <summary>A request that was sent at this rate was answered.</summary>
    /// <param name="now">On a clock that only goes forward.</param>
    public void Answered(TimeSpan now)
    {
        _inStep++;
        _sinceFall++;
        TimeSpan took = now - _stepBegan;
        if (took < Step) return;

        _answered = _inStep / took.TotalSeconds;
        bool wasUsed = double.IsFinite(PerSecond) && _answered >= Used * PerSecond;
        if (wasUsed) PerSecond = Math.Min(Ceiling, More());
        BeginStep(now);
    }

    /// <summary>A request that was sent at this rate was refused. Of those under way together, the first one counts.</summary>
    /// <param name="pause">How long nothing is sent now.</param>
    public void Refused(TimeSpan now, TimeSpan pause)
    {
        double answered = Math.Max(_answered, _inStep / Math.Max(1, (now - _stepBegan).TotalSeconds));
        BeginStep(now + pause);
        if (_sinceFall == 0) return;

        // Without a limit of ours, what came back whole is all there is to go by.
        _estimate = double.IsFinite(PerSecond) ? PerSecond : Math.Max(Pacers.FirstRate, answered);
        bool isTest = SlowStartOver && !(now - _refused <= TestStep);
        PerSecond = Math.Max(Least, _estimate * (isTest ? Resting : Falling));
        SlowStartOver = true;
        (_refused, _pause, _sinceFall) = (now, pause, 0);
    }

    private double More()
    {
        if (!SlowStartOver) return 2 * PerSecond;
        if (!IsReturning) return PerSecond * (PerSecond < _estimate ? 1.01 : 1.05);

        double rest = Resting * _estimate, half = (PerSecond + rest) / 2;
        return half > 0.98 * rest ? rest : half;
    }

    private void BeginStep(TimeSpan at) => (_stepBegan, _inStep) = (at, 0);
}

/// <summary>What a host has taught, to be kept over a restart.</summary>
/// <param name="PerSecond">Requests a second.</param>
/// <param name="SlowStartOver">It has refused before: the rate is what it allows, not yet what was tried.</param>
internal sealed record LearnedRate(string Operator, string Host, double PerSecond, bool SlowStartOver);
