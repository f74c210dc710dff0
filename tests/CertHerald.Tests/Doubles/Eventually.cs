namespace CertHerald.Tests.Doubles;

/// <summary>Waits for what real threads and sockets do in their own time, where nothing tells when it is done.</summary>
internal static class Eventually
{
    /// <summary>Returns once it has come about; fails after three minutes.</summary>
    public static Task HappensAsync(Func<bool> hasComeAbout) => HappensAsync(() => Task.FromResult(hasComeAbout()));

    /// <inheritdoc cref="HappensAsync(Func{bool})"/>
    public static async Task HappensAsync(Func<Task<bool>> hasComeAbout)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));            // a failing test must end, a busy machine may take its time
        while (!await hasComeAbout()) await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
    }
}
