//! What a gate's callback is told, and how often: until somebody takes it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Answers each request with the next status and returns their bodies.
async fn answers(listener: TcpListener, statuses: &[u16]) -> Vec<Value> {
    let mut bodies = Vec::new();
    for status in statuses {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut all, mut chunk) = (Vec::new(), [0; 4_096]);
        let body = loop {
            let read = stream.read(&mut chunk).await.unwrap();
            all.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&all).into_owned();
            if let Some((_, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                assert!(text.to_ascii_lowercase().contains("webhook-signature: v1,"), "{text}");
                break body;
            }
        };
        bodies.push(body);
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    bodies
}

#[tokio::test]
async fn a_callback_is_told_until_somebody_takes_it_also_after_a_restart() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({})).await;
    let run = scene.at_work(&cue).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/answer", listener.local_addr().unwrap());
    let ask = |key| Question { callback: Some(url.clone()), blocking: false, ..question(key) };
    let (gate, _) = scene.asks(&run, ask("send")).await;
    let receiving = tokio::spawn(async move { answers(listener, &[500]).await });
    scene.says(&gate, Said::Edit(json!({ "to": 1 }))).await;
    let bodies = receiving.await.unwrap();
    let body = &bodies[0];
    assert_eq!((&body["id"], &body["state"], &body["goes"]), (&json!(gate.id), &json!("edited"), &json!(true)));
    assert_eq!((&body["payload"], &body["execution_id"]), (&json!({ "to": 1 }), &json!(run)));
    assert!(!scene.row(&gate.id).await.gate.told);

    // It heard otherwise and is done, and the tower is gone before the second try.
    scene.succeeds(&run).await;
    let Scene { running, clock, folder, .. } = scene;
    running.stop().await;
    let listener = TcpListener::bind(url.trim_start_matches("http://").trim_end_matches("/answer")).await.unwrap();
    let receiving = tokio::spawn(async move { answers(listener, &[503, 204]).await });
    let (handle, running) = tower(&folder, &clock).await;
    let scene = Scene { handle, running, clock, folder };
    while !receiving.is_finished() {
        scene.clock.advance(MINUTE_MS);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(receiving.await.unwrap().len(), 2);
    found(async || Some(scene.row(&gate.id).await).filter(|row| row.gate.told)).await;
    scene.running.stop().await;
}
